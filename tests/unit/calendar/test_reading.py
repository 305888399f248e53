"""Other people's calendars, as they write them."""

from zoneinfo import ZoneInfo

import pytest

from adapters.inbound.calendar.reading import (
    CALENDAR_BYTES,
    CALENDAR_EVENTS,
    EVENT_ATTENDEES,
    UNREAD_SHOWN,
    read_calendar,
)
from application.ports.calendar_source import CalendarShifts, Person, ReadShift, Unread, UnreadEvent
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, utc

BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = (
    Person(ANN, "Ann Lee", "ann@example.test"),
    Person(BOB, "Bob Śmigły", "bob@example.test"),
    Person(CYD, "Lee", "cyd@example.test"),
)
WINDOW = Interval(start=utc("2026-01-01 00:00"), end=utc("2027-01-01 00:00"))
NOON = Interval(start=utc("2026-02-01 12:00"), end=utc("2026-02-01 13:00"))


def calendar(*events: str) -> bytes:
    """Each event is its lines, by semicolons that stand alone."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", *event.split(" ; "), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


AT_NOON = "DTSTART:20260201T120000Z ; DTEND:20260201T130000Z"


def read(*events: str, window: Interval = WINDOW) -> CalendarShifts:
    return read_calendar(calendar(*events), people=PEOPLE, zone=BERLIN, window=window)


def shift_of(event: str) -> tuple[UserId, Interval]:
    (shift,) = read(event).shifts
    return shift.user_id, shift.interval


def reason_of(event: str) -> Unread:
    found = read(event)
    assert found.shifts == ()
    (unread,) = found.unread
    return unread.reason


def test_whoever_an_event_invites_is_on_call_in_it() -> None:
    event = f"{AT_NOON} ; SUMMARY:Bob Śmigły ; ATTENDEE;CN=Ann:MAILTO:Ann@example.test ; ATTENDEE:mailto:x@else.test"
    assert shift_of(event) == (ANN, NOON)
    both = read(f"{AT_NOON} ; ATTENDEE:mailto:cyd@example.test ; ATTENDEE:mailto:ann@example.test")
    assert both.shifts == (ReadShift(ANN, NOON, "0"), ReadShift(CYD, NOON, "0"))


@pytest.mark.parametrize(
    ("summary", "user_id"),
    [
        ("Ann Lee", ANN),
        ("On call: ann lee (primary)", ANN),
        ("BOB ŚMIGŁY", BOB),
        ("Primary - bob@example.test", BOB),
        ("Lee", CYD),
        ("Lee: Core", CYD),
    ],
)
def test_an_event_that_invites_nobody_is_of_the_one_whom_its_title_names(summary: str, user_id: UserId) -> None:
    assert shift_of(f"{AT_NOON} ; SUMMARY:{summary}") == (user_id, NOON)


@pytest.mark.parametrize(
    ("summary", "reason"),
    [
        ("Core", Unread.NOBODY),
        ("", Unread.NOBODY),
        ("Annabel Leeson", Unread.NOBODY),
        ("xbob@example.test", Unread.NOBODY),
        ("Ann Lee and Bob Śmigły", Unread.AMBIGUOUS),
        ("ann@example.test for bob@example.test", Unread.AMBIGUOUS),
    ],
)
def test_a_title_that_names_nobody_or_several_is_told(summary: str, reason: Unread) -> None:
    assert reason_of(f"{AT_NOON} ; SUMMARY:{summary}") is reason


@pytest.mark.parametrize(
    ("times", "start", "end"),
    [
        (
            "DTSTART;TZID=America/New_York:20260201T070000 ; DTEND:20260201T130000Z",
            "2026-02-01 12:00",
            "2026-02-01 13:00",
        ),
        ("DTSTART:20260201T120000Z ; DURATION:PT90M", "2026-02-01 12:00", "2026-02-01 13:30"),
        ("DTSTART:20260201T120000 ; DTEND:20260201T130000", "2026-02-01 11:00", "2026-02-01 12:00"),
        ("DTSTART;VALUE=DATE:20260201", "2026-01-31 23:00", "2026-02-01 23:00"),
        ("DTSTART;VALUE=DATE:20260328 ; DTEND;VALUE=DATE:20260330", "2026-03-27 23:00", "2026-03-29 22:00"),
    ],
)
def test_times_are_instants_days_and_what_is_in_no_zone_are_the_schedule_s(times: str, start: str, end: str) -> None:
    assert shift_of(f"{times} ; SUMMARY:Ann Lee") == (ANN, Interval(start=utc(start), end=utc(end)))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:20260201T120000Z ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:20260201T120000Z ; DTEND:20260201T120000Z ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:20260201T120000Z ; DTEND:20260201T110000Z ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:soon ; DTEND:20260201T110000Z ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:20260201T120000Z ; DTEND;VALUE=DATE:20260202 ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:00010101T000000Z ; DURATION:P1D ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:99991231T000000Z ; DURATION:P9D ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("DTSTART:20260101T000000Z ; DURATION:P367D ; SUMMARY:Ann Lee", Unread.TOO_LONG),
        ("DTSTART;TZID=Our Office:20260201T120000 ; DURATION:PT1H ; SUMMARY:Ann Lee", Unread.UNKNOWN_ZONE),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RECURRENCE-ID:20260201T120000Z ; SUMMARY:Ann Lee", Unread.REPEATS),
        (" ; ".join([AT_NOON, *["ATTENDEE:mailto:ann@example.test"] * (EVENT_ATTENDEES + 1)]), Unread.CROWDED),
    ],
)
def test_what_cannot_be_read_is_told_with_the_reason(event: str, reason: Unread) -> None:
    assert reason_of(event) is reason


@pytest.mark.parametrize("begin", [b"BEGIN:VTIMEZONE", b"begin:VTIME\r\n ZONE", b"BEGIN;X=1:VTIMEZONE"])
def test_a_zone_that_a_calendar_describes_is_not_believed_neither_there_nor_in_the_next(begin: bytes) -> None:
    event = "DTSTART;TZID=Our Office:20260201T120000 ; DURATION:PT1H ; SUMMARY:Ann Lee"
    described = calendar(event).replace(
        b"BEGIN:VEVENT",
        begin + b"\r\nTZID:Our Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
        b"TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
        1,
    )
    found = read_calendar(described, people=PEOPLE, zone=BERLIN, window=WINDOW)
    assert [unread.reason for unread in found.unread] == [Unread.UNKNOWN_ZONE]
    assert reason_of(event) is Unread.UNKNOWN_ZONE


@pytest.mark.parametrize("name", ["Europe/Berlin", "W. Europe Standard Time", "/example.test/20260101/Europe/Berlin"])
def test_a_zone_has_the_name_that_calendars_give_it(name: str) -> None:
    noon = f"DTSTART;TZID={name}:20260201T130000 ; DURATION:PT1H ; SUMMARY:Ann Lee"
    assert shift_of(noon) == (ANN, NOON)


def test_a_cancelled_event_and_one_beyond_the_window_are_nothing() -> None:
    found = read(f"{AT_NOON} ; STATUS:cancelled ; SUMMARY:Ann Lee", "DTSTART;VALUE=DATE:20250201 ; SUMMARY:Ann Lee")
    assert (found.shifts, found.unread, found.unread_count) == ((), (), 0)
    part = Interval(start=utc("2026-02-01 12:30"), end=utc("2026-02-02 00:00"))
    assert read(f"{AT_NOON} ; SUMMARY:Ann Lee", window=part).shifts == (ReadShift(ANN, NOON, "0"),)


def test_what_is_told_is_one_line_of_text_and_counted_beyond_the_limit() -> None:
    found = read(*[f"{AT_NOON} ; SUMMARY:No\\nbody\u202e {'x' * 500}"] * (UNREAD_SHOWN + 1))
    assert (len(found.unread), found.unread_count) == (UNREAD_SHOWN, UNREAD_SHOWN + 1)
    uid, summary, reason = found.unread[0]
    assert UnreadEvent(uid, summary[:9], reason) == UnreadEvent("0", "No body x", Unread.NOBODY)
    assert len(summary) == 200


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<html></html>", b"BEGIN:VCALENDAR", b"BEGIN:VEVENT\r\nEND:VTODO\r\n"]
)
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidValueError, match="calendar: must be iCalendar"):
        read_calendar(body, people=PEOPLE, zone=BERLIN, window=WINDOW)


def test_a_calendar_has_limits() -> None:
    with pytest.raises(InvalidValueError, match=f"allowed are {CALENDAR_BYTES}"):
        read_calendar(b"x" * (CALENDAR_BYTES + 1), people=PEOPLE, zone=BERLIN, window=WINDOW)
    with pytest.raises(InvalidValueError, match=f"allowed are {CALENDAR_EVENTS}"):
        read(*["SUMMARY:x"] * (CALENDAR_EVENTS + 1))


def test_the_reasons_name_the_limits() -> None:
    assert str(EVENT_ATTENDEES) in Unread.CROWDED
