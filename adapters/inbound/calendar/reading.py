"""Somebody else's calendar (RFC 5545), read as shifts: who is meant, and when.

Whoever an event invites is on call in it (ATTENDEE, by e-mail address); an event that invites nobody whom we know is of
the one person whose address or whole name its SUMMARY has. What cannot be read that way is told with the reason, so
that nobody takes it for a gap that was meant.

An event that repeats (RRULE, RDATE) comes back at its local time and lasts as long on the wall clock, so that what
follows on another without a gap in one week does so in every week; EXDATE takes days out, and an event of the same UID
with a RECURRENCE-ID takes the place of one.

A calendar's own VTIMEZONE is not believed. icalendar keeps each by its name, for every calendar that is read after it,
so one could move the hours of another; and its rules may take for ever. Names of IANA's and of Windows's zones will do.
"""

import re
from asyncio import to_thread
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from warnings import catch_warnings
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component
from icalendar.error import BrokenCalendarProperty

from adapters.inbound.calendar.rule import Rule, read_rule
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
# Looked at for all events that repeat: a second or two of computing. A thousand that began a year before the window.
REPEATING_DAYS: Final = 500_000
SHIFTS: Final = CALENDAR_EVENTS * EVENT_ATTENDEES  # as many as single events can have; what repeats has no more

_SUMMARY_CHARACTERS: Final = 200
_MAILTO: Final = "mailto:"
_DAY: Final = timedelta(days=1)
_UTC: Final = ZoneInfo("UTC")
_CANCELLED: Final = "CANCELLED"
_FOLD: Final = re.compile(rb"(?:\r?\n)+[ \t]")  # 3.1: a long line goes on after it
_TIME_ZONE: Final = re.compile(
    rb"^BEGIN[:;][^\n]*VTIMEZONE\s*$.*?^END[:;][^\n]*VTIMEZONE\s*$", re.IGNORECASE | re.MULTILINE | re.DOTALL
)


def read_calendar(body: bytes, *, people: Sequence[Person], zone: ZoneInfo, window: Interval) -> CalendarShifts:
    """The shifts that touch the window, whole. Cancelled events are nothing, and take out what they are one of.

    Days, and times that are in no zone, are the schedule's: `zone`.

    Raises:
        InvalidValueError: it is no iCalendar, or larger than the limits.
    """
    directory = _Directory(people)
    shifts: list[ReadShift] = []
    unread: list[UnreadEvent] = []
    events = _events(body)
    times = _Times(zone, window, _changed(events, zone))
    for event in events:
        uid, summary = _text(event, "UID"), _text(event, "SUMMARY")
        if _text(event, "STATUS").upper() == _CANCELLED:
            continue
        try:
            intervals = times.of(event, uid)
            if intervals:
                meant = directory.meant(event, summary)
                shifts.extend(ReadShift(user_id, interval, uid) for interval in intervals for user_id in meant)
        except _UnreadError as error:
            unread.append(UnreadEvent(uid, summary, error.reason))
        if len(shifts) > SHIFTS:
            raise InvalidValueError("calendar", f"has more than {SHIFTS} shifts until {window.end:%Y-%m-%d}")
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


class _Times:
    """When events are, of a calendar that is looked at in a window."""

    def __init__(self, zone: ZoneInfo, window: Interval, changed: Mapping[str, Set[datetime]]) -> None:
        self._zone = zone
        self._window = window
        self._changed = changed  # by UID, the starts in whose place other events are
        self._days_left = REPEATING_DAYS

    def of(self, event: Component, uid: str) -> list[Interval]:
        """Those that touch the window. Raises `_UnreadError`."""
        if "RECURRENCE-ID" in event:
            if _value(event, "RECURRENCE-ID") is None or "RANGE" in event["RECURRENCE-ID"].params:
                raise _UnreadError(Unread.REPEATS)
        elif "RRULE" in event or "RDATE" in event:
            return self._repeated(event, uid)
        interval = _interval(*_times(event), self._zone)
        return [interval] if interval.overlaps(self._window) else []

    def _repeated(self, event: Component, uid: str) -> list[Interval]:
        start, end = _times(event)
        zone = _zone_of(start, self._zone)
        begins, ends = _local(start, zone, self._zone), _local(end, zone, self._zone)
        _interval(start, end, self._zone)  # as sound as one that comes once
        if ends <= begins:
            raise _UnreadError(Unread.NO_TIME)
        without = _without(event, self._zone)
        changed = self._changed.get(uid, frozenset())
        found: dict[datetime, Interval] = {}
        for local in self._starts(event, begins, ends - begins, zone):
            try:
                interval = Interval(start=to_instant(local, zone), end=to_instant(local + (ends - begins), zone))
            except (InvalidValueError, OverflowError):
                continue  # all of it is in an hour that is skipped on that day
            is_left_out = interval.start in without or local.date() in without or interval.start in changed
            if not is_left_out and interval.overlaps(self._window):
                found[interval.start] = interval
        return list(found.values())

    def _starts(self, event: Component, begins: datetime, lasts: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
        """Local times at which it comes back, or would but for `EXDATE`, around the window. Raises `_UnreadError`."""
        for each in _dates(event, "RDATE"):
            yield _local(each, zone, self._zone)
        if "RRULE" not in event:
            yield begins
            return
        rule, first = _rule(event), begins.date()
        day = first
        if rule.count is None:
            day = max(day, (self._window.start - lasts - 2 * _DAY).date())
        last = (self._window.end + _DAY).date()
        self._spend((last - day).days)
        left = rule.count
        while day <= last and left != 0:
            if day == first or rule.falls_on(day, first=first):
                local = datetime.combine(day, begins.time())
                if rule.is_over(local, to_instant(local, zone)):
                    return
                left = None if left is None else left - 1
                yield local
            day += _DAY

    def _spend(self, days: int) -> None:
        if days > self._days_left:
            raise _UnreadError(Unread.REPEATS_LONG)
        self._days_left -= max(0, days)


def _changed(events: Sequence[Component], zone: ZoneInfo) -> Mapping[str, Set[datetime]]:
    """By UID, which of the times at which an event comes back other events are in place of."""
    changed: dict[str, set[datetime]] = defaultdict(set)
    for event in events:
        if "RECURRENCE-ID" in event:
            with suppress(_UnreadError, ValueError, OverflowError):  # it is told when it is read itself
                value = _value(event, "RECURRENCE-ID")
                if isinstance(value, date):
                    changed[_text(event, "UID")].add(_instant(value, zone))
    return changed


def _rule(event: Component) -> Rule:
    """Raises `_UnreadError`."""
    found: Any = event["RRULE"]
    try:
        return read_rule(found)
    except (ValueError, TypeError, AttributeError, KeyError, BrokenCalendarProperty):
        raise _UnreadError(Unread.REPEATS) from None


def _dates(event: Component, name: str) -> list[date]:
    """What a property says that may come several times, with several values each. Raises `_UnreadError`."""
    value: Any = event.get(name, [])
    try:
        several = value if isinstance(value, list) else [value]
        found = [(each.dt, "TZID" in some.params) for some in several for each in some.dts]
    except (BrokenCalendarProperty, AttributeError):
        raise _UnreadError(Unread.REPEATS) from None
    for each, is_named in found:
        if not isinstance(each, date):  # a period
            raise _UnreadError(Unread.REPEATS)
        if isinstance(each, datetime) and not _is_known(each.tzinfo, is_named=is_named):
            raise _UnreadError(Unread.UNKNOWN_ZONE)
    return [each for each, _ in found]


def _without(event: Component, zone: ZoneInfo) -> Set[date]:
    """The instants, and the days where the event is, that are taken out. Raises `_UnreadError`."""
    try:
        return {_instant(each, zone) if isinstance(each, datetime) else each for each in _dates(event, "EXDATE")}
    except (ValueError, OverflowError):
        raise _UnreadError(Unread.NO_TIME) from None


def _zone_of(value: date, zone: ZoneInfo) -> ZoneInfo:
    """On whose wall clock it comes back."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return zone
    return value.tzinfo if isinstance(value.tzinfo, ZoneInfo) else _UTC


def _local(value: date, zone: ZoneInfo, schedule_zone: ZoneInfo) -> datetime:
    """On the wall clock of the zone. Raises `_UnreadError`."""
    try:
        return _instant(value, schedule_zone).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise _UnreadError(Unread.NO_TIME) from None


def _events(body: bytes) -> Sequence[Component]:
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
    return events


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


def _interval(start: date, end: date, zone: ZoneInfo) -> Interval:
    """Raises `_UnreadError`."""
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
