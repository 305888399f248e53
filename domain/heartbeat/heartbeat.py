"""A sign of life that is expected: of a job that runs now and then, or of a monitor that is to be alive itself."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from domain.heartbeat.cron import Cron
from domain.shared.errors import InvalidValueError
from domain.shared.ids import HeartbeatId, IntegrationId
from domain.shared.limits import NAME_CHARACTERS
from domain.shared.local_time import zone_named
from domain.shared.text import require_length

# Oftener nobody needs it, and each ping is a write; a year and a day leaves room for what runs once a year.
PERIOD_SECONDS_MIN: Final = 10
PERIOD_SECONDS_MAX: Final = 366 * 24 * 3600
GRACE_SECONDS_MIN: Final = 10
GRACE_SECONDS_MAX: Final = 30 * 24 * 3600
# A deadline that is found later than this passed while we were away, and with it perhaps the ping.
FOUND_LATE: Final = timedelta(minutes=1)


class HeartbeatStatus(StrEnum):
    NEW = "new"  # never heard: whoever sets it up may take their time
    UP = "up"
    DOWN = "down"  # missing, or its last run failed
    PAUSED = "paused"  # not waited for, until it is heard


class PingKind(StrEnum):
    SUCCESS = "success"
    START = "start"
    FAIL = "fail"
    LOG = "log"  # says something, and changes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Expected every period after the last one, or at each time of a cron expression in a zone; and then a grace."""

    id: HeartbeatId
    integration_id: IntegrationId
    name: str
    key_hash: bytes
    period_seconds: int | None = None
    cron: str | None = None
    time_zone: str = "UTC"
    grace_seconds: int
    is_post_only: bool = False  # what looks at links before people do cannot ping then
    status: HeartbeatStatus = HeartbeatStatus.NEW
    last_ping_at: datetime | None = None
    last_success_at: datetime | None = None
    started_at: datetime | None = None  # of the run that has not ended yet
    next_deadline: datetime | None = None  # when it is down, unless it is heard
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if (self.period_seconds is None) == (self.cron is None):
            raise InvalidValueError("period_seconds", "is needed, or cron, and not both")
        if self.period_seconds is not None:
            _require_seconds("period_seconds", self.period_seconds, PERIOD_SECONDS_MIN, PERIOD_SECONDS_MAX)
        _require_seconds("grace_seconds", self.grace_seconds, GRACE_SECONDS_MIN, GRACE_SECONDS_MAX)
        zone_named("time_zone", self.time_zone)
        if self.cron is not None:
            Cron.read(self.cron)

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.grace_seconds)

    @property
    def is_down(self) -> bool:
        return self.status is HeartbeatStatus.DOWN

    def expected_after(self, at: datetime) -> datetime:
        """When the next sign of life is due, after one at this instant."""
        if self.period_seconds is not None:
            return at + timedelta(seconds=self.period_seconds)
        assert self.cron is not None
        return Cron.read(self.cron).next_after(at, zone_named("time_zone", self.time_zone))

    def ping(self, kind: PingKind, *, at: datetime, heard_at: datetime | None = None) -> Self:
        """What it is after a sign of life. Any success brings it up, whatever it was.

        A sign that is heard of later than it was given counts as of then, and nobody is late for what passed meanwhile.
        When one has been heard already that was given after it, it adds what that one does not say.
        """
        heard_at = at if heard_at is None else heard_at
        if self.last_ping_at is not None and at < self.last_ping_at:
            return self._overtaken(kind, at, heard_at)
        heard = replace(self, last_ping_at=at)
        match kind:
            case PingKind.SUCCESS:
                deadline = max(self.expected_after(at), heard_at) + self.grace
                return replace(
                    heard, status=HeartbeatStatus.UP, last_success_at=at, started_at=None, next_deadline=deadline
                )
            case PingKind.FAIL:
                return replace(heard, status=HeartbeatStatus.DOWN, started_at=None, next_deadline=None)
            case PingKind.START if self.is_down:
                return replace(heard, started_at=at)
            case PingKind.START:
                ends_by, due = heard_at + self.grace, self.next_deadline
                has_passed_meanwhile = due is not None and at < due <= heard_at
                deadline = ends_by if due is None or has_passed_meanwhile else min(due, ends_by)
                return replace(heard, status=HeartbeatStatus.UP, started_at=at, next_deadline=deadline)
            case PingKind.LOG:
                return heard

    def _overtaken(self, kind: PingKind, at: datetime, heard_at: datetime) -> Self:
        """After a sign that was given before the last one that was heard."""
        if self.last_success_at is not None and at <= self.last_success_at:
            return self
        match kind:
            case PingKind.SUCCESS:
                return replace(self, last_success_at=at).rescheduled(at=heard_at)
            case PingKind.FAIL:
                return replace(self, status=HeartbeatStatus.DOWN, next_deadline=None)
            case PingKind.START | PingKind.LOG:
                return self

    def tick(self, *, at: datetime) -> Self:
        """Down when the deadline has come.

        One that is found late passed while nobody here could have heard: it gets another grace, from now on.
        """
        if self.next_deadline is None or at < self.next_deadline:
            return self
        if at - self.next_deadline > FOUND_LATE:
            return replace(self, next_deadline=at + self.grace)
        return replace(self, status=HeartbeatStatus.DOWN, next_deadline=None)

    def pause(self) -> Self:
        return replace(self, status=HeartbeatStatus.PAUSED, started_at=None, next_deadline=None)

    def resume(self) -> Self:
        """As if it were new: waited for once it was heard."""
        return replace(self, status=HeartbeatStatus.NEW) if self.status is HeartbeatStatus.PAUSED else self

    def rescheduled(self, *, at: datetime) -> Self:
        """After a change of what is expected: what was heard last counts, and nobody is late for the past."""
        if self.status is not HeartbeatStatus.UP or self.last_success_at is None:
            return self
        deadline = max(self.expected_after(self.last_success_at), at) + self.grace
        if self.started_at is not None:
            deadline = min(deadline, max(self.started_at, at) + self.grace)
        return replace(self, next_deadline=deadline)


def _require_seconds(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidValueError(field, f"is {value}, allowed are {least} to {most}")
