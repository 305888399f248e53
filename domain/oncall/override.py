"""One person standing in for another."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.errors import InvalidValueError
from domain.shared.ids import OverrideId, UserId
from domain.shared.interval import require_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A user stands in for another from `starts_at` up to `ends_at`, or for everyone, when `replaces` is None.

    For everyone also means where nobody is on call: it fills gaps. For one user it acts only while they are on call.

    Raises:
        InvalidValueError: a time is not in UTC, the end is not after the start, or the user stands in for themselves.
    """

    id: OverrideId
    user_id: UserId
    starts_at: datetime
    ends_at: datetime
    replaces: UserId | None = None

    def __post_init__(self) -> None:
        require_utc("starts_at", self.starts_at)
        require_utc("ends_at", self.ends_at)
        if self.starts_at >= self.ends_at:
            raise InvalidValueError("ends_at", "must be after starts_at")
        if self.replaces == self.user_id:
            raise InvalidValueError("replaces", "must be someone else than the user who stands in")

    def is_active(self, at: datetime) -> bool:
        """Whether the instant is in its time."""
        return self.starts_at <= at < self.ends_at
