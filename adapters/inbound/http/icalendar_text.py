"""Shifts as iCalendar (RFC 5545, RFC 7986). The same shifts are the same bytes whenever they are written.

Times are local ones of the schedule's zone, with a VTIMEZONE that says what that is. Only a time that comes for the
second time is given in UTC, because a local one would mean the first (RFC 5545, 3.3.5).

The observances of a VTIMEZONE are made here: its onset is the local time by the offset before (3.6.5), and
`icalendar.Timezone.from_tzinfo` of 7.3 takes the one after when the clock is set forward, an hour too late.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar as ICalendar
from icalendar import Event, Timezone, TimezoneDaylight, TimezoneStandard

from adapters.plain_text import one_line
from application.oncall.read_calendar import Calendar
from domain.oncall.feed import FeedShift
from domain.shared.interval import Interval

_PRODUCT: Final = "-//Tocsin//On call//EN"
_REFRESH: Final = timedelta(minutes=15)  # a hint: most readers have times of their own
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_UTC_NAMES: Final = frozenset({"UTC", "Etc/UTC"})


def calendar_text(calendar: Calendar) -> bytes:
    """The whole calendar."""
    title = f"On call: {one_line(calendar.name)}"
    shown = ICalendar()
    shown.add("PRODID", _PRODUCT)
    shown.add("VERSION", "2.0")
    shown.add("NAME", title)
    shown.add("X-WR-CALNAME", title)
    shown.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    shown.add("X-PUBLISHED-TTL", "PT15M")
    for zone, interval in _zones(calendar):
        shown.add_component(time_zone(zone, interval))
    for each in calendar.shifts:
        if _second(each.shift.interval.start) < _second(each.shift.interval.end):
            shown.add_component(_event(each, calendar))
    text: bytes = shown.to_ical()
    return text


def time_zone(zone: ZoneInfo, interval: Interval) -> Timezone:
    """What the zone's clock shows in the interval: one observance from its start on, and one from each change."""
    shown = Timezone()
    shown.add("TZID", zone.key)
    before = _offset(interval.start, zone)
    for at in (interval.start, *_clock_changes(zone, interval)):
        here = at.astimezone(zone)
        observance = TimezoneDaylight() if here.dst() else TimezoneStandard()
        after = _offset(at, zone)
        observance.add("DTSTART", (at + before).replace(tzinfo=None))
        observance.add("TZOFFSETFROM", before)
        observance.add("TZOFFSETTO", after)
        observance.add("TZNAME", here.tzname())
        shown.add_component(observance)
        before = after
    return shown


def _zones(calendar: Calendar) -> Iterator[tuple[ZoneInfo, Interval]]:
    """Each zone of the calendar, and the time in which its shifts need it."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    for each in calendar.shifts:
        interval = each.shift.interval
        start, end = spans.get(each.schedule.time_zone, (interval.start, interval.end))
        spans[each.schedule.time_zone] = (min(start, interval.start), max(end, interval.end))
    for key in sorted(spans.keys() - _UTC_NAMES):
        start, end = spans[key]
        yield ZoneInfo(key), Interval(start=_second(start) - _DAY, end=_second(end) + _DAY)


def _event(each: FeedShift, calendar: Calendar) -> Event:
    schedule, shift = one_line(each.schedule.name), each.shift
    who = one_line(calendar.names.get(shift.user_id, "")) or "Somebody"
    event = Event()
    event.add("UID", each.uid)
    event.add("DTSTAMP", _second(each.stamp))
    event.add("SEQUENCE", each.schedule.version)
    event.add("DTSTART", _local(shift.interval.start, each.schedule.zone))
    event.add("DTEND", _local(shift.interval.end, each.schedule.zone))
    event.add("SUMMARY", f"On call: {schedule}" if calendar.feed.user_id is not None else f"{who}: {schedule}")
    event.add("DESCRIPTION", f"{who} is on call in {schedule}{_why(each)}.")
    event.add("TRANSP", "TRANSPARENT")  # whoever is on call can still be invited
    event.add("CATEGORIES", ["On call"])
    return event


def _why(each: FeedShift) -> str:
    layer = each.shift.source.layer
    if layer is None:
        return ", standing in"
    name = one_line(each.schedule.layers[layer].name)
    return f", {name}" if name else ""


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    instant = _second(at)
    local = instant.astimezone(zone)
    return instant if zone.key in _UTC_NAMES or local.fold else local


def _second(at: datetime) -> datetime:
    """Calendars know nothing shorter. Cut at both ends, shifts that follow each other still do."""
    return at.astimezone(UTC).replace(microsecond=0)


def _clock_changes(zone: ZoneInfo, interval: Interval) -> Iterator[datetime]:
    """The first instant with each new offset, found by looking at each day and then halving."""
    low = interval.start
    while low < interval.end:
        high = min(low + _DAY, interval.end)
        if _offset(low, zone) != _offset(high, zone):
            yield _change(low, high, zone)
        low = high


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    after = _offset(high, zone)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _offset(middle, zone) == after:
            high = middle
        else:
            low = middle
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None, "a zone has an offset at every time"
    return offset
