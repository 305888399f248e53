"""A sender that ought to be heard, and is not: nothing looks as healthy as a monitor that has died."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple, Self

from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId
from domain.shared.limits import QUIET_SECONDS_MAX, QUIET_SECONDS_MIN

# A quiet sender is looked at so often, to see whether it is back.
LOOK_AGAIN: Final = timedelta(minutes=1)


class Finding(Enum):
    """What a look is to bring about."""

    NOTHING = 0
    FELL_QUIET = 1
    IS_BACK = 2


class Look(NamedTuple):
    watch: "QuietWatch"
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWatch:
    """Somebody wants to know when nothing is heard of an integration for so long.

    Nothing is written when something is heard: the watch is looked at when it would fall due had nothing come, and
    moves on by what did come.
    """

    integration_id: IntegrationId
    after: timedelta
    since: datetime  # silence before it does not count
    next_deadline: datetime
    is_quiet: bool = False

    def __post_init__(self) -> None:
        if not QUIET_SECONDS_MIN <= self.after.total_seconds() <= QUIET_SECONDS_MAX:
            raise InvalidValueError("after_seconds", f"must be from {QUIET_SECONDS_MIN} to {QUIET_SECONDS_MAX}")

    @classmethod
    def begin(cls, integration_id: IntegrationId, *, after: timedelta, at: datetime) -> Self:
        """Raises `InvalidValueError`."""
        return cls(integration_id=integration_id, after=after, since=at, next_deadline=at + after)

    def wait_for(self, after: timedelta, *, at: datetime) -> Self:
        """The same for another length of time; looked at once, because it may be quiet already. Raises the same."""
        return replace(self, after=after, next_deadline=at)

    def look(self, *, heard_at: datetime | None, at: datetime) -> Look:
        """What to do now, when it was last heard then; `None`: never."""
        quiet_from = max(self.since, heard_at or self.since) + self.after
        if at >= quiet_from:
            finding = Finding.NOTHING if self.is_quiet else Finding.FELL_QUIET
            return Look(replace(self, is_quiet=True, next_deadline=at + LOOK_AGAIN), finding)
        finding = Finding.IS_BACK if self.is_quiet else Finding.NOTHING
        return Look(replace(self, is_quiet=False, next_deadline=quiet_from), finding)
