"""Calendars, read back by another's parser and by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest

from adapters.inbound.http.icalendar_text import calendar_text, time_zone
from application.oncall.read_calendar import Calendar
from domain.oncall.feed import CalendarFeed, feed_shifts
from domain.oncall.override import Override
from domain.oncall.rotation import RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.ids import CalendarFeedId, OverrideId, UserId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, a_layer, a_schedule, an_override, utc

NOON = utc("2026-11-23 12:00")
NAMES = {ANN: "Ann", BOB: "Bob, the; \\ builder", CYD: "Cyd\r\nATTENDEE:mailto:x@example.test"}
WEEKLY = a_schedule(
    a_layer(ANN, BOB, starts="2026-01-05 09:00", unit=RotationUnit.WEEK, name="Primary"),
    overrides=(an_override(1, CYD, "2026-11-25 08:00", "2026-11-26 08:00"),),
)


def a_calendar(*schedules: Schedule, user_id: UserId | None = None, at: datetime = NOON) -> Calendar:
    feed = CalendarFeed(
        id=CalendarFeedId(UUID(int=7)),
        owner_id=ANN,
        user_id=user_id,
        schedule_id=schedules[0].id if user_id is None else None,
        token_hash=b"h",
        created_at=at,
    )
    shown = [each for schedule in schedules for each in feed_shifts(schedule, at, user_id=user_id)]
    name = schedules[0].name if user_id is None else NAMES[user_id]
    return Calendar(feed=feed, name=name, shifts=tuple(shown), names=NAMES)


def events(calendar: Calendar) -> list[Any]:
    return list(icalendar.Calendar.from_ical(calendar_text(calendar)).walk("VEVENT"))


def times(event: Any) -> tuple[datetime, datetime]:
    return event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC)


def test_a_calendar_read_back_has_the_shifts_at_their_instants() -> None:
    calendar = a_calendar(WEEKLY)
    expected = [(each.shift.interval.start, each.shift.interval.end) for each in calendar.shifts]
    assert [times(event) for event in events(calendar)] == expected
    assert [str(event["UID"]) for event in events(calendar)] == [each.uid for each in calendar.shifts]


def test_the_same_shifts_are_the_same_bytes_whatever_the_hour() -> None:
    assert calendar_text(a_calendar(WEEKLY)) == calendar_text(a_calendar(WEEKLY, at=NOON + timedelta(hours=11)))


def test_an_event_says_who_where_and_why_and_blocks_nobody_s_day() -> None:
    first = events(a_calendar(WEEKLY))[1]
    assert str(first["SUMMARY"]) == "Ann: Core"
    assert str(first["DESCRIPTION"]) == "Ann is on call in Core, Primary."
    assert str(first["TRANSP"]) == "TRANSPARENT"
    assert (int(first["SEQUENCE"]), first["DTSTAMP"].dt) == (0, utc("1970-01-01 00:00"))
    assert not {"ATTENDEE", "ORGANIZER"} & first.keys()
    mine = events(a_calendar(WEEKLY, user_id=ANN))
    assert {str(event["SUMMARY"]) for event in mine} == {"On call: Core"}


def test_names_are_text_whatever_is_in_them() -> None:
    found = events(a_calendar(WEEKLY))
    summaries = {str(event["SUMMARY"]) for event in found}
    assert "Bob, the; \\ builder: Core" in summaries
    (stand_in,) = [event for event in found if "standing in" in event["DESCRIPTION"]]
    assert "ATTENDEE" not in stand_in
    assert str(stand_in["SUMMARY"]).startswith("Cyd")


def test_lines_are_folded_at_75_octets_and_end_in_crlf() -> None:
    schedule = a_schedule(a_layer(ANN, starts="2026-01-05 09:00", name="ü" * 100))
    text = calendar_text(a_calendar(schedule))
    assert text.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tocsin//On call//EN\r\n")
    lines = text.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    assert all(line.decode() for line in lines[:-1])


def test_a_calendar_without_shifts_is_one_too() -> None:
    parsed = icalendar.Calendar.from_ical(calendar_text(a_calendar(a_schedule(), user_id=ANN)))
    assert str(parsed["NAME"]) == str(parsed["X-WR-CALNAME"]) == "On call: Ann"
    assert parsed.subcomponents == []


def test_times_are_local_ones_of_the_schedule_with_a_time_zone_that_says_which() -> None:
    text = calendar_text(a_calendar(WEEKLY)).decode()
    assert "DTSTART;TZID=Europe/Berlin:20261109T090000" in text
    assert text.count("BEGIN:VTIMEZONE") == 1


def test_a_schedule_in_utc_needs_no_time_zone() -> None:
    text = calendar_text(a_calendar(a_schedule(a_layer(ANN, BOB, starts="2026-01-05 09:00"), zone="UTC"))).decode()
    assert "VTIMEZONE" not in text
    assert "DTSTART:20261123T090000Z" in text


def test_the_second_of_two_equal_local_times_is_given_in_utc() -> None:
    # 02:30 comes twice in Berlin on 31 October 2027; BOB begins at the second one.
    schedule = a_schedule(
        a_layer(ANN, starts="2027-10-30 00:00"),
        overrides=(an_override(1, BOB, "2027-10-31 01:30", "2027-10-31 12:00"),),
    )
    calendar = a_calendar(schedule, at=utc("2027-10-30 12:00"))
    assert "DTSTART:20271031T013000Z" in calendar_text(calendar).decode()
    assert [times(event) for event in events(calendar)] == [
        (each.shift.interval.start, each.shift.interval.end) for each in calendar.shifts
    ]


def test_parts_of_a_second_are_cut_and_what_is_left_without_time_is_left_out() -> None:
    half = timedelta(milliseconds=500)
    first = Override(id=OverrideId(UUID(int=1)), user_id=BOB, starts_at=NOON + half / 2, ends_at=NOON + half)
    second = Override(id=OverrideId(UUID(int=2)), user_id=CYD, starts_at=NOON + half, ends_at=NOON + 10 * half)
    schedule = a_schedule(a_layer(ANN, starts="2026-01-05 09:00"), overrides=(first, second))
    found = [times(event) for event in events(a_calendar(schedule))]
    assert found[1] == (NOON, NOON + 5 * timedelta(seconds=1))
    assert found[0][1] == NOON
    assert len(found) == 3


@pytest.mark.parametrize(
    ("zone", "onsets"),
    [
        ("Europe/Berlin", [("20261001T020000", "+0200"), ("20261025T030000", "+0100"), ("20270328T020000", "+0200")]),
        ("Asia/Tokyo", [("20261001T090000", "+0900")]),
        (
            "Australia/Lord_Howe",
            [("20261001T103000", "+1030"), ("20261004T020000", "+1100"), ("20270404T020000", "+1030")],
        ),
    ],
)
def test_a_time_zone_has_an_observance_from_each_clock_change_on(zone: str, onsets: list[tuple[str, str]]) -> None:
    """An onset is the local time by the offset before it: RFC 5545, 3.6.5."""
    shown = time_zone(ZoneInfo(zone), Interval(start=utc("2026-10-01 00:00"), end=utc("2027-05-01 00:00")))
    found = [(f"{part.DTSTART:%Y%m%dT%H%M%S}", part["TZOFFSETTO"].to_ical()) for part in shown.subcomponents]
    assert found == onsets
