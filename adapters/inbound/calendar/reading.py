"""Somebody else's calendar (RFC 5545), read as shifts: who is meant, and when.

Whoever an event invites is on call in it (ATTENDEE, by e-mail address); an event that invites nobody whom we know is of
the one person whose address or whole name its SUMMARY has. What cannot be read that way is told with the reason, so
that nobody takes it for a gap that was meant: events that repeat are told too, since their rules are not followed.

A calendar's own VTIMEZONE is not believed. icalendar keeps each by its name, for every calendar that is read after it,
so one could move the hours of another; and its rules may take for ever. Names of IANA's and of Windows's zones will do.
"""

import re
from asyncio import to_thread
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from warnings import catch_warnings
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component
from icalendar.error import BrokenCalendarProperty

from adapters.plain_text import one_line, shortened
from application.ports.calendar_source import CalendarReader, CalendarShifts, Person, ReadShift, Unread, UnreadEvent
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from domain.shared.local_time import FIRST_YEAR, LAST_YEAR, to_instant

CALENDAR_BYTES: Final = 1024 * 1024  # some 5,000 events as calendars write them
CALENDAR_EVENTS: Final = 5_000  # a year of shifts of an hour would be more, and nobody plans those in a calendar
EVENT_ATTENDEES: Final = 50  # more are a meeting
EVENT_LENGTH_MAX: Final = timedelta(days=366)  # what is longer is a mistake in its year
UNREAD_SHOWN: Final = 100  # of the events that could not be read; the others are counted

_SUMMARY_CHARACTERS: Final = 200
_MAILTO: Final = "mailto:"
_DAY: Final = timedelta(days=1)
_CANCELLED: Final = "CANCELLED"
_FOLD: Final = re.compile(rb"(?:\r?\n)+[ \t]")  # 3.1: a long line goes on after it
_TIME_ZONE: Final = re.compile(
    rb"^BEGIN[:;][^\n]*VTIMEZONE\s*$.*?^END[:;][^\n]*VTIMEZONE\s*$", re.IGNORECASE | re.MULTILINE | re.DOTALL
)


def read_calendar(body: bytes, *, people: Sequence[Person], zone: ZoneInfo, window: Interval) -> CalendarShifts:
    """The shifts that touch the window, whole. Cancelled events are nothing.

    Days, and times that are in no zone, are the schedule's: `zone`.

    Raises:
        InvalidValueError: it is no iCalendar, or larger than the limits.
    """
    directory = _Directory(people)
    shifts: list[ReadShift] = []
    unread: list[UnreadEvent] = []
    for event in _events(body):
        uid, summary = _text(event, "UID"), _text(event, "SUMMARY")
        if _text(event, "STATUS").upper() == _CANCELLED:
            continue
        try:
            interval = _interval(event, zone)
            if interval.overlaps(window):
                shifts.extend(ReadShift(user_id, interval, uid) for user_id in directory.meant(event, summary))
        except _UnreadError as error:
            unread.append(UnreadEvent(uid, summary, error.reason))
    return CalendarShifts(
        shifts=tuple(sorted(shifts, key=lambda shift: (shift.interval.start, shift.user_id.int, shift.uid))),
        unread=tuple(unread[:UNREAD_SHOWN]),
        unread_count=len(unread),
    )


class IcalendarReader(CalendarReader):
    """In a thread of its own: a megabyte takes longer than others should wait."""

    async def read(self, body: bytes, *, people: Sequence[Person], zone: ZoneInfo, window: Interval) -> CalendarShifts:
        return await to_thread(read_calendar, body, people=people, zone=zone, window=window)


class _UnreadError(Exception):
    def __init__(self, reason: Unread) -> None:
        super().__init__(reason)
        self.reason = reason


class _Directory:
    """Who there is, by address and by name."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._by_email = {person.email: person.user_id for person in people}
        self._people = people

    def meant(self, event: Component, summary: str) -> tuple[UserId, ...]:
        """Raises `_UnreadError`."""
        invited = _attendees(event)
        known = dict.fromkeys(self._by_email[address] for address in invited if address in self._by_email)
        return tuple(known) or (self._titled(summary.casefold()),)

    def _titled(self, summary: str) -> UserId:
        """The one whose address the title has, or else whose whole name, the longest of those within each other."""
        by_address = {person.user_id for person in self._people if _has_word(summary, person.email)}
        if not by_address:
            named = {person.name.casefold() for person in self._people if _has_word(summary, person.name.casefold())}
            whole = {name for name in named if not any(name != other and name in other for other in named)}
            by_address = {person.user_id for person in self._people if person.name.casefold() in whole}
        if len(by_address) != 1:
            raise _UnreadError(Unread.AMBIGUOUS if by_address else Unread.NOBODY)
        return by_address.pop()


def _has_word(text: str, word: str) -> bool:
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _events(body: bytes) -> Iterator[Component]:
    """Raises `InvalidValueError`."""
    if len(body) > CALENDAR_BYTES:
        raise InvalidValueError("calendar", f"has {len(body)} bytes, allowed are {CALENDAR_BYTES}")
    try:
        with catch_warnings(action="ignore"):  # it warns of names that it has to guess at
            calendar = Calendar.from_ical(_TIME_ZONE.sub(b"", _FOLD.sub(b"", body)))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError):
        calendar = None  # its parser has no error of its own for what is no calendar at all
    if not isinstance(calendar, Calendar):
        raise InvalidValueError("calendar", "must be iCalendar, from BEGIN:VCALENDAR to END:VCALENDAR")
    events = calendar.walk("VEVENT")
    if len(events) > CALENDAR_EVENTS:
        raise InvalidValueError("calendar", f"has {len(events)} events, allowed are {CALENDAR_EVENTS}")
    yield from events


def _text(event: Component, name: str) -> str:
    value: Any = event.get(name, "")
    first = value[0] if isinstance(value, list) and value else value
    return shortened(one_line(str(first)), most=_SUMMARY_CHARACTERS)


def _attendees(event: Component) -> list[str]:
    """Raises `_UnreadError`."""
    value: Any = event.get("ATTENDEE", [])
    every = value if isinstance(value, list) else [value]
    if len(every) > EVENT_ATTENDEES:
        raise _UnreadError(Unread.CROWDED)
    return [str(each).strip().lower().removeprefix(_MAILTO) for each in every]


def _interval(event: Component, zone: ZoneInfo) -> Interval:
    """Raises `_UnreadError`."""
    if any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
        raise _UnreadError(Unread.REPEATS)
    start, end = _times(event)
    try:
        interval = Interval(start=_instant(start, zone), end=_instant(end, zone))
    except (InvalidValueError, OverflowError, ValueError):
        raise _UnreadError(Unread.NO_TIME) from None
    if interval.duration > EVENT_LENGTH_MAX:
        raise _UnreadError(Unread.TOO_LONG)
    return interval


def _times(event: Component) -> tuple[date, date]:
    """Its start and its end (3.6.1): a day that has no end is that day. Raises `_UnreadError`."""
    start, end, duration = (_value(event, name) for name in ("DTSTART", "DTEND", "DURATION"))
    if not isinstance(start, date):
        raise _UnreadError(Unread.NO_TIME)
    if isinstance(end, date) and isinstance(end, datetime) == isinstance(start, datetime):
        return start, end
    try:
        if isinstance(duration, timedelta):
            return start, start + duration
        if not isinstance(start, datetime):
            return start, start + _DAY
    except OverflowError:
        pass
    raise _UnreadError(Unread.NO_TIME)


def _value(event: Component, name: str) -> object:
    """What a property says, or None. Raises `_UnreadError`."""
    found: Any = event.get(name)
    if found is None or isinstance(found, list):
        return None
    try:
        value: object = found.dt
    except (BrokenCalendarProperty, AttributeError):
        return None
    if isinstance(value, datetime) and not _is_known(value.tzinfo, is_named="TZID" in found.params):
        raise _UnreadError(Unread.UNKNOWN_ZONE)
    return value


def _is_known(zone: tzinfo | None, *, is_named: bool) -> bool:
    return not is_named if zone is None else zone is UTC or isinstance(zone, ZoneInfo)


def _instant(value: date, zone: ZoneInfo) -> datetime:
    """Raises `ValueError`, `OverflowError`."""
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise ValueError("outside the supported years")
    if not isinstance(value, datetime):
        return to_instant(datetime.combine(value, time.min), zone)
    return to_instant(value, zone) if value.tzinfo is None else value.astimezone(UTC)
