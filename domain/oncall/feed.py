"""Shifts as a calendar that somebody subscribes to, by an address that is its own secret."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, Self
from uuid import UUID

from domain.oncall.coverage import Shift, shifts
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import CalendarFeedId, ScheduleId, UserId
from domain.shared.interval import Interval

# What people look at in a calendar: the shift that they have just had, and a half-year to plan.
FEED_BACK: Final = timedelta(weeks=2)
FEED_AHEAD: Final = timedelta(weeks=26)
# A quarter, the longest turn in common use: so far beyond the window it is looked for where its shifts really begin and
# end, so that neither moves while the window does.
FEED_MARGIN: Final = timedelta(days=92)
FEEDS_PER_USER: Final = 20  # a few schedules on a few devices each; each is a secret that somebody has to keep
SCHEDULES_OF_A_PERSON: Final = 50  # of one calendar: each costs a year of shifts

_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFeed:
    """Shows the shifts of a person, or of a schedule, to whoever has its token, until it is revoked.

    Raises:
        InvalidValueError: it is of neither, or of both.
    """

    id: CalendarFeedId
    owner_id: UserId  # who asked for it
    user_id: UserId | None = None
    schedule_id: ScheduleId | None = None
    token_hash: bytes = field(repr=False)  # SHA-256
    created_at: datetime
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.user_id is None) == (self.schedule_id is None):
            raise InvalidValueError("user_id", "must be given, or else schedule_id, and not both")

    def revoke(self, *, at: datetime) -> Self:
        return replace(self, revoked_at=self.revoked_at or at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedShift:
    """A shift as a calendar shows it. The same shift has the same uid and stamp whenever it is made."""

    uid: str
    schedule: Schedule
    shift: Shift
    stamp: datetime  # when what puts the user on call was made


def feed_since(at: datetime) -> datetime:
    """From when on a schedule has to be known for its calendar at that instant."""
    return _looked_at(at).start


def feed_shifts(schedule: Schedule, at: datetime, *, user_id: UserId | None = None) -> tuple[FeedShift, ...]:
    """The shifts that the window around the instant's day has a part of, of one user or of all, whole.

    A shift that is longer than a quarter may be cut. The window moves at midnight UTC, so a calendar that nobody
    changed is the same all day.
    """
    looked_at = _looked_at(at)
    window = Interval(start=looked_at.start + FEED_MARGIN, end=looked_at.end - FEED_MARGIN)
    return tuple(
        FeedShift(
            uid=_uid(schedule, shift, looked_at.start), schedule=schedule, shift=shift, stamp=_stamp(schedule, shift)
        )
        for shift in shifts(schedule, looked_at)
        if user_id in (None, shift.user_id) and shift.interval.overlaps(window)
    )


def _looked_at(at: datetime) -> Interval:
    midnight = datetime.combine(at.astimezone(UTC).date(), time.min, tzinfo=UTC)
    return Interval(start=midnight - FEED_BACK - FEED_MARGIN, end=midnight + FEED_AHEAD + FEED_MARGIN)


def _uid(schedule: Schedule, shift: Shift, earliest: datetime) -> str:
    """A user begins one shift of a schedule at an instant, and one at most is under way at the earliest."""
    start = shift.interval.start
    begins = "before" if start == earliest else f"{start:%Y%m%dT%H%M%S.%fZ}".replace(".000000", "")
    return f"{schedule.id}-{shift.user_id}-{begins}@tocsin"


def _stamp(schedule: Schedule, shift: Shift) -> datetime:
    return _made_at(shift.source.override_id or shift.source.temporary_id or schedule.id)


def _made_at(key: UUID) -> datetime:
    """RFC 9562, 5.7: the first 48 bits of a UUID of version 7 are milliseconds since 1970."""
    return _UNIX_EPOCH + timedelta(milliseconds=key.int >> 80)
