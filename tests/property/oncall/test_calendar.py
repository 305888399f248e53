"""A calendar says the same instants as the shifts, in any zone, to whoever reads its VTIMEZONE and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.http.icalendar_text import calendar_text, time_zone
from application.oncall.read_calendar import Calendar
from domain.oncall.feed import CalendarFeed, feed_shifts
from domain.shared.ids import CalendarFeedId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, MINUTE, places, schedules

_YEAR = timedelta(days=366)


def _reader(observances: list[Any]) -> list[tuple[datetime, timedelta, timedelta]]:
    """Onsets in local time by the offset before, the offset before and the one after, as RFC 5545 says to read them."""
    return sorted((part["DTSTART"].dt, part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td) for part in observances)


def _instant(local: datetime, observances: list[tuple[datetime, timedelta, timedelta]]) -> datetime:
    """The first instant with that local time: by the last observance whose onset it has reached."""
    for position, (onset, before, after) in reversed(list(enumerate(observances))):
        # What comes twice around an onset is meant by the offset before it (3.3.5): the first of the two.
        begins = onset if after <= before or position == 0 else onset + (after - before)
        if local >= begins:
            return (local - after).replace(tzinfo=UTC)
    raise AssertionError("before the first observance")


@given(places(first_year=2000, last_year=2035), st.integers(-90, 90) | st.integers(-180 * 1440, 180 * 1440))
def test_a_time_zone_says_what_the_zone_s_clock_shows(place: tuple[str, datetime], minutes: int) -> None:
    zone = ZoneInfo(place[0])
    year = Interval(start=place[1] - _YEAR / 2, end=place[1] + _YEAR / 2)
    observances = _reader(time_zone(zone, year).subcomponents)
    at = place[1] + minutes * MINUTE
    reached = [after for onset, before, after in observances if (onset - before).replace(tzinfo=UTC) <= at]
    assert reached[-1] == at.astimezone(zone).utcoffset()


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    place = draw(places(first_year=2000, last_year=2035))
    schedule = draw(schedules(place))
    feed = CalendarFeed(
        id=CalendarFeedId(UUID(int=7)), owner_id=ANN, schedule_id=schedule.id, token_hash=b"h", created_at=place[1]
    )
    return Calendar(feed=feed, name=schedule.name, shifts=feed_shifts(schedule, place[1])[:40], names={})


@given(calendars())
def test_a_calendar_read_with_its_own_time_zone_has_the_instants_of_the_shifts(calendar: Calendar) -> None:
    parsed = icalendar.Calendar.from_ical(calendar_text(calendar))
    observances = [_reader(zone.subcomponents) for zone in parsed.walk("VTIMEZONE")]
    found = [tuple(_read(event[name], observances) for name in ("DTSTART", "DTEND")) for event in parsed.walk("VEVENT")]
    assert found == [(_whole(each.shift.interval.start), _whole(each.shift.interval.end)) for each in calendar.shifts]


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _read(value: Any, observances: list[list[tuple[datetime, timedelta, timedelta]]]) -> datetime:
    if "TZID" not in value.params:
        utc: datetime = value.dt
        return utc
    return _instant(value.dt.replace(tzinfo=None, fold=0), observances[0])
