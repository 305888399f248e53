"""Whatever a calendar holds, it is read or refused; and what we write, we read."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.calendar.reading import read_calendar
from adapters.inbound.http.icalendar_text import calendar_text
from application.oncall.read_calendar import Calendar
from application.ports.calendar_source import Person
from domain.oncall.feed import CalendarFeed, feed_shifts
from domain.shared.errors import InvalidValueError
from domain.shared.ids import CalendarFeedId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, USERS, places, schedules, utc

NAMES = dict(zip(USERS, ("Ann", "Bob", "Cyd", "Dee", "Eve"), strict=True))
PEOPLE = tuple(Person(user_id, name, f"{name.lower()}@example.test") for user_id, name in NAMES.items())
CENTURY = Interval(start=utc("1990-01-01 00:00"), end=utc("2090-01-01 00:00"))
YEARS = Interval(start=utc("2025-06-01 00:00"), end=utc("2027-01-01 00:00"))  # what repeats is told each day of them
BERLIN = ZoneInfo("Europe/Berlin")

names = st.sampled_from(
    ("DTSTART", "DTEND", "DURATION", "DTSTART;TZID=Europe/Berlin", "DTEND;VALUE=DATE", "SUMMARY", "ATTENDEE", "UID")
)
odd_names = st.sampled_from(
    (
        *("STATUS", "RRULE", "BEGIN", "END", "X-Y", "DTSTART;VALUE=PERIOD", "DTSTART;TZID=", "DTSTART;VALUE=DATE"),
        *("RDATE", "EXDATE", "EXDATE;VALUE=DATE", "EXDATE;TZID=Nowhere", "RECURRENCE-ID"),
        "RECURRENCE-ID;RANGE=THISANDFUTURE",
    )
)
rules = st.sampled_from(
    (
        *("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,5TU", "FREQ=YEARLY;BYDAY=-53SU"),
        *("FREQ=MONTHLY;BYMONTHDAY=31,0,-31;COUNT=3", "FREQ=DAILY;UNTIL=00010101", "FREQ=DAILY;UNTIL=99991231T235959Z"),
        *("FREQ=;INTERVAL=99999999999", "FREQ=SECONDLY"),
    )
)
values = st.one_of(
    st.sampled_from(("20260201T120000Z", "20260201T120000", "20260201", "PT1H", "-P1D", "VEVENT", "VTIMEZONE", "Ann"))
    | st.sampled_from(("120000", "20260201T120000Z/PT1H", "99991231T235959", "P99999999D", "mailto:ann@example.test")),
    rules,
    st.text(max_size=20),
)
lines = st.lists(st.tuples(names | odd_names, values).map(":".join), max_size=12)


@given(st.lists(lines, max_size=4), st.binary(max_size=20))
def test_whatever_a_calendar_holds_it_is_read_or_refused(events: list[list[str]], garbage: bytes) -> None:
    parts = ["BEGIN:VCALENDAR"]
    for event in events:
        parts += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    for body in ("\r\n".join([*parts, "END:VCALENDAR"]).encode(errors="surrogatepass"), garbage):
        try:
            found = read_calendar(body, people=PEOPLE, zone=BERLIN, window=YEARS)
        except InvalidValueError:
            continue
        assert all(shift.user_id in NAMES for shift in found.shifts)
        assert list(found.shifts) == sorted(found.shifts, key=lambda each: each.interval.start)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    place = draw(places(first_year=2000, last_year=2035))
    schedule = draw(schedules(place))
    feed = CalendarFeed(
        id=CalendarFeedId(UUID(int=7)), owner_id=ANN, schedule_id=schedule.id, token_hash=b"h", created_at=place[1]
    )
    return Calendar(feed=feed, name=schedule.name, shifts=feed_shifts(schedule, place[1])[:40], names=NAMES)


@given(calendars())
def test_a_calendar_that_we_write_is_read_as_the_same_shifts(calendar: Calendar) -> None:
    found = read_calendar(calendar_text(calendar), people=PEOPLE, zone=BERLIN, window=CENTURY)
    too_long = [each for each in calendar.shifts if each.shift.interval.duration > timedelta(days=366)]
    assert found.unread_count == len(too_long)
    written = [(each.shift.user_id, _span(each.shift.interval)) for each in calendar.shifts if each not in too_long]
    assert sorted((shift.user_id, _span(shift.interval)) for shift in found.shifts) == sorted(written)


def _span(interval: Interval) -> tuple[datetime, datetime]:
    return interval.start, interval.end
