from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatDraft:
    """What whoever sets a heartbeat up decides about it."""

    name: str
    period_seconds: int | None = None
    cron: str | None = None
    time_zone: str = "UTC"
    grace_seconds: int
    is_post_only: bool = False
