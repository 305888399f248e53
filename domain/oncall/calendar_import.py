"""Somebody else's calendar as the source of a schedule: for as far as it is looked at, it takes the layers' place.

What it says becomes a temporary schedule, so overrides act on it and the history keeps it. Where it names nobody there
is a gap; or, if it is a layer of the schedule, the last one, the others decide. When it cannot be read, what was read
last stays, and the failure is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, TemporaryScheduleId, UserId
from domain.shared.interval import Interval, union
from domain.shared.limits import TEMPORARY_SHIFTS

REFRESH_MIN: Final = timedelta(minutes=5)  # what is asked more often gets us blocked by whoever has the calendar
REFRESH_DEFAULT: Final = timedelta(minutes=15)
REFRESH_MAX: Final = timedelta(days=1)  # what is read less often is no source of who is on call
IMPORTED_AHEAD: Final = timedelta(weeks=13)  # a quarter, to plan by
URL_CHARACTERS: Final = 2000  # the longest that every server and proxy takes
UNREAD_SHOWN: Final = 20  # of the events that are no shift: what mends those mends the rest

_SCHEMES: Final = {"https": "https", "http": "http", "webcal": "https", "webcals": "https"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarImport:
    """A schedule follows the calendar at a URL, which is a secret: whoever has it sees the calendar.

    Raises:
        InvalidValueError: the URL is none that can be asked, or it is asked too often or too seldom.
    """

    schedule_id: ScheduleId
    url: str = field(repr=False)
    refresh_every: timedelta = REFRESH_DEFAULT
    created_by: UserId
    created_at: datetime
    next_refresh_at: datetime
    etag: str | None = None  # of what was read last
    read_at: datetime | None = None  # when it last was what it should be, changed or not
    failing_since: datetime | None = None
    failure: str = ""  # why the last try failed; empty while none does
    unread: tuple[str, ...] = ()  # events that are no shift, each with the reason; at most `UNREAD_SHOWN`
    unread_count: int = 0
    temporary_id: TemporaryScheduleId | None = None  # what it has put on the schedule
    as_layer: bool = False  # where it names nobody the layers decide
    version: int = 0  # how many times it has been saved; the optimistic lock

    def __post_init__(self) -> None:
        if not REFRESH_MIN <= self.refresh_every <= REFRESH_MAX:
            least, most = REFRESH_MIN // timedelta(minutes=1), REFRESH_MAX // timedelta(minutes=1)
            raise InvalidValueError("refresh_minutes", f"must be from {least} to {most}")
        if self.url != calendar_url(self.url):
            raise InvalidValueError("url", "must begin with https:// or http://")

    @property
    def host(self) -> str:
        """All of the URL that may be shown."""
        return urlsplit(self.url).hostname or ""

    def refreshed(
        self,
        *,
        at: datetime,
        etag: str | None,
        temporary_id: TemporaryScheduleId,
        unread: Iterable[str],
        unread_count: int,
    ) -> Self:
        """The calendar was read."""
        return replace(
            self,
            etag=etag,
            read_at=at,
            failing_since=None,
            failure="",
            unread=tuple(unread)[:UNREAD_SHOWN],
            unread_count=unread_count,
            temporary_id=temporary_id,
        )

    def unchanged(self, *, at: datetime) -> Self:
        """Its server says that it is what was read last."""
        return replace(self, read_at=at, failing_since=None, failure="")

    def failed(self, reason: str, *, at: datetime) -> Self:
        """It could not be read; what was read last stays."""
        return replace(self, failing_since=self.failing_since or at, failure=reason)


def calendar_url(text: str) -> str:
    """The URL to ask, with the scheme that calendars use for their own (`webcal`) replaced.

    Raises:
        InvalidValueError: it has another scheme, no host, a password, or is too long.
    """
    if len(text) > URL_CHARACTERS or any(not each.isprintable() or each.isspace() for each in text):
        raise InvalidValueError("url", f"must have at most {URL_CHARACTERS} characters, and no white space")
    try:
        parts = urlsplit(text)
        host, scheme = parts.hostname, _SCHEMES.get(parts.scheme)
    except ValueError:
        host, scheme = None, None
    if not host or scheme is None:
        raise InvalidValueError("url", "must be such as https://calendar.example.com/on-call.ics")
    if "@" in parts.netloc:
        raise InvalidValueError("url", "must not have a user name or a password: use a secret address")
    return parts._replace(scheme=scheme).geturl()


def import_window(at: datetime) -> Interval:
    """How far a calendar is looked at: a quarter, to the end of a week, so that it moves once a week."""
    monday = at.astimezone(UTC).date() - timedelta(days=at.astimezone(UTC).weekday())
    return Interval(start=at, end=datetime.combine(monday, time.min, tzinfo=UTC) + IMPORTED_AHEAD)


def imported(
    temporary_id: TemporaryScheduleId,
    found: Iterable[tuple[UserId, Interval]],
    at: datetime,
    *,
    as_layer: bool = False,
) -> TemporarySchedule:
    """What the calendar puts on the schedule from the instant on; as far as a temporary schedule can hold."""
    window = import_window(at)
    by_user: dict[UserId, list[Interval]] = {}
    for user_id, interval in found:
        cut = interval.intersection(window)
        if cut is not None:
            by_user.setdefault(user_id, []).append(cut)
    spans = sorted(
        ((span, user_id) for user_id, own in by_user.items() for span in union(own)),
        key=lambda each: (each[0].start, each[1].int),
    )
    kept, beyond = spans[:TEMPORARY_SHIFTS], spans[TEMPORARY_SHIFTS:]
    ends_at = beyond[0][0].start if beyond else window.end
    shifts = (
        FixedShift(user_id=user_id, starts_at=span.start, ends_at=min(span.end, ends_at))
        for span, user_id in kept
        if span.start < ends_at
    )
    return TemporarySchedule(
        id=temporary_id, starts_at=window.start, ends_at=ends_at, shifts=tuple(shifts), is_layer=as_layer
    )


def says_the_same(old: TemporarySchedule, new: TemporarySchedule) -> bool:
    """Whether, from the start of the new one on, the old one puts the same people on call at the same times."""
    if old.ends_at <= new.starts_at or old.starts_at > new.starts_at or old.is_layer is not new.is_layer:
        return False
    left = old.cut(starts_at=new.starts_at, ends_at=old.ends_at)
    return (left.ends_at, frozenset(left.shifts)) == (new.ends_at, frozenset(new.shifts))
