"""Other people's calendars, as they write them."""

from zoneinfo import ZoneInfo

import pytest

from adapters.inbound.calendar.reading import (
    CALENDAR_BYTES,
    CALENDAR_EVENTS,
    EVENT_ATTENDEES,
    REPEATING_DAYS,
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
        (f"{AT_NOON} ; RRULE:FREQ=HOURLY ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=SECONDLY;COUNT=9 ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1 ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY;INTERVAL=0 ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY;COUNT=0 ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY;BYDAY=2MO ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY;BYMONTHDAY=1 ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY,DAILY ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:nonsense ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=WEEKLY ; RRULE:FREQ=DAILY ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RDATE;VALUE=PERIOD:20260301T000000Z/PT1H ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RRULE:FREQ=DAILY ; EXDATE:soon ; SUMMARY:Ann Lee", Unread.REPEATS),
        (
            f"{AT_NOON} ; RRULE:FREQ=DAILY ; EXDATE;TZID=Our Office:20260301T120000 ; SUMMARY:Ann Lee",
            Unread.UNKNOWN_ZONE,
        ),
        (f"{AT_NOON} ; RECURRENCE-ID;RANGE=THISANDFUTURE:20260201T120000Z ; SUMMARY:Ann Lee", Unread.REPEATS),
        (f"{AT_NOON} ; RECURRENCE-ID:soon ; SUMMARY:Ann Lee", Unread.REPEATS),
        ("DTSTART:20260101T000000Z ; DURATION:P367D ; RRULE:FREQ=YEARLY ; SUMMARY:Ann Lee", Unread.TOO_LONG),
        ("DTSTART:20260201T120000Z ; DTEND:20260201T110000Z ; RRULE:FREQ=DAILY ; SUMMARY:Ann Lee", Unread.NO_TIME),
        ("SUMMARY:Ann Lee ; RRULE:FREQ=DAILY", Unread.NO_TIME),
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


# What comes back.

MONDAYS = "SUMMARY:Ann Lee ; DTSTART;TZID=Europe/Berlin:20260105T090000 ; DTEND;TZID=Europe/Berlin:20260112T090000"
OTHER_MONDAYS = (
    "SUMMARY:Bob Śmigły ; DTSTART;TZID=Europe/Berlin:20260112T090000 ; DTEND;TZID=Europe/Berlin:20260119T090000"
)
SPRING = Interval(start=utc("2026-03-16 08:00"), end=utc("2026-04-20 07:00"))  # the clocks change on 29 March


def starts(*events: str, window: Interval = WINDOW) -> list[str]:
    return [f"{shift.interval.start:%Y-%m-%d %H:%M}" for shift in read(*events, window=window).shifts]


def test_shifts_that_follow_on_another_every_other_week_do_so_across_a_clock_change() -> None:
    found = read(
        f"{MONDAYS} ; RRULE:FREQ=WEEKLY;INTERVAL=2", f"{OTHER_MONDAYS} ; RRULE:FREQ=WEEKLY;INTERVAL=2", window=SPRING
    )
    assert [(shift.user_id, shift.uid) for shift in found.shifts] == [
        (ANN, "0"),
        (BOB, "1"),
        (ANN, "0"),
        (BOB, "1"),
        (ANN, "0"),
    ]
    assert [shift.interval.start for shift in found.shifts] == [
        utc("2026-03-16 08:00"),
        utc("2026-03-23 08:00"),
        utc("2026-03-30 07:00"),
        utc("2026-04-06 07:00"),
        utc("2026-04-13 07:00"),
    ]
    ends = [shift.interval.end for shift in found.shifts]
    assert ends == [*(shift.interval.start for shift in found.shifts[1:]), utc("2026-04-20 07:00")]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["2026-02-01", "2026-02-02", "2026-02-03"]),
        ("FREQ=WEEKLY;BYDAY=SU,WE;UNTIL=20260208", ["2026-02-01", "2026-02-04", "2026-02-08"]),
        ("FREQ=WEEKLY;UNTIL=20260208T120000Z", ["2026-02-01", "2026-02-08"]),
        ("FREQ=WEEKLY;UNTIL=20260208T115959Z", ["2026-02-01"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", ["2026-02-01", "2026-02-27", "2026-03-27"]),
        ("FREQ=MONTHLY;COUNT=3", ["2026-02-01", "2026-03-01", "2026-04-01"]),
        ("FREQ=YEARLY;BYMONTH=2,5;COUNT=2", ["2026-02-01", "2026-05-01"]),
    ],
)
def test_an_event_comes_back_by_its_rule_and_its_first_time_is_one_of_them(rule: str, expected: list[str]) -> None:
    found = starts(f"{AT_NOON} ; RRULE:{rule} ; SUMMARY:Ann Lee")
    assert found == [f"{day} 12:00" for day in expected]


def test_it_is_looked_at_in_the_window_alone_and_one_that_began_before_it_and_lasts_into_it_is_there() -> None:
    window = Interval(start=utc("2026-06-03 00:00"), end=utc("2026-06-09 00:00"))
    assert starts(f"{MONDAYS} ; RRULE:FREQ=WEEKLY", window=window) == ["2026-06-01 07:00", "2026-06-08 07:00"]
    counted = "SUMMARY:Ann Lee ; DTSTART:20260101T000000Z ; DURATION:PT1H ; RRULE:FREQ=DAILY;COUNT=155"
    assert starts(counted, window=window) == ["2026-06-03 00:00", "2026-06-04 00:00"]


def test_days_that_are_taken_out_and_those_that_are_added() -> None:
    event = f"{AT_NOON} ; RRULE:FREQ=DAILY;COUNT=5 ; SUMMARY:Ann Lee"
    taken_out = " ; EXDATE:20260202T120000Z,20260203T110000Z ; EXDATE;VALUE=DATE:20260204"
    added = " ; RDATE:20260210T150000Z ; RDATE:20260205T120000Z"
    assert starts(event + taken_out + added) == [
        "2026-02-01 12:00",
        "2026-02-03 12:00",
        "2026-02-05 12:00",
        "2026-02-10 15:00",
    ]
    assert starts(f"{AT_NOON} ; SUMMARY:Ann Lee ; RDATE:20260301T120000Z") == ["2026-02-01 12:00", "2026-03-01 12:00"]
    days = "DTSTART;VALUE=DATE:20260202 ; SUMMARY:Ann Lee ; RRULE:FREQ=DAILY;COUNT=3 ; EXDATE;VALUE=DATE:20260203"
    assert starts(days) == ["2026-02-01 23:00", "2026-02-03 23:00"]


def series(*events: str) -> CalendarShifts:
    """Events that are all of one UID."""
    body = calendar(*events)
    for number in range(1, len(events)):
        body = body.replace(f"UID:{number}\r".encode(), b"UID:0\r")
    return read_calendar(body, people=PEOPLE, zone=BERLIN, window=WINDOW)


EVERY_DAY = f"{AT_NOON} ; RRULE:FREQ=DAILY;COUNT=3 ; SUMMARY:Ann Lee"


def test_an_event_that_was_moved_or_given_to_another_takes_the_place_of_the_one_that_it_was() -> None:
    swapped = "RECURRENCE-ID:20260202T120000Z ; DTSTART:20260202T120000Z ; DURATION:PT1H ; SUMMARY:Bob Śmigły"
    moved = (
        "RECURRENCE-ID;TZID=Europe/Berlin:20260203T130000 ; DTSTART:20260309T120000Z ; DURATION:PT1H ; SUMMARY:Ann Lee"
    )
    found = series(EVERY_DAY, swapped, moved)
    assert [(shift.user_id, f"{shift.interval.start:%m-%d}") for shift in found.shifts] == [
        (ANN, "02-01"),
        (BOB, "02-02"),
        (ANN, "03-09"),
    ]


def test_one_that_was_cancelled_or_cannot_be_read_leaves_a_gap_and_not_what_it_was() -> None:
    cancelled = "RECURRENCE-ID:20260202T120000Z ; STATUS:CANCELLED ; DTSTART:20260202T120000Z ; DURATION:PT1H"
    strange = "RECURRENCE-ID:20260203T120000Z ; DTSTART:20260203T120000Z ; DURATION:PT1H ; SUMMARY:Nobody"
    found = series(EVERY_DAY, cancelled, strange)
    assert [shift.interval.start for shift in found.shifts] == [utc("2026-02-01 12:00")]
    assert [unread.reason for unread in found.unread] == [Unread.NOBODY]


def test_an_event_of_another_series_changes_nothing() -> None:
    other = "RECURRENCE-ID:20260202T120000Z ; DTSTART:20260202T120000Z ; DURATION:PT1H ; SUMMARY:Bob Śmigły"
    assert len(read(EVERY_DAY, other).shifts) == 4


def test_a_local_time_that_is_skipped_comes_at_the_end_of_the_skip() -> None:
    event = (
        "SUMMARY:Ann Lee ; DTSTART;TZID=Europe/Berlin:20260328T023000 ; DTEND;TZID=Europe/Berlin:20260328T040000"
        " ; RRULE:FREQ=DAILY;COUNT=3"
    )
    assert [shift.interval for shift in read(event).shifts] == [
        Interval(start=utc("2026-03-28 01:30"), end=utc("2026-03-28 03:00")),
        Interval(start=utc("2026-03-29 01:00"), end=utc("2026-03-29 02:00")),
        Interval(start=utc("2026-03-30 00:30"), end=utc("2026-03-30 02:00")),
    ]


def test_what_repeats_is_bounded_and_what_is_beyond_that_is_told() -> None:
    ancient = "SUMMARY:Ann Lee ; DTSTART:19010101T120000Z ; DURATION:PT1H ; RRULE:FREQ=DAILY;COUNT=999999999"
    found = read(*[ancient] * 20)
    days = (WINDOW.end - utc("1901-01-01 00:00")).days
    assert found.unread_count == 20 - REPEATING_DAYS // days
    assert {unread.reason for unread in found.unread} == {Unread.REPEATS_LONG}
    never = "SUMMARY:Ann Lee ; DTSTART:20260101T120000Z ; DURATION:PT1H ; RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    assert len(read(never).shifts) == 1
