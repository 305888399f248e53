"""What somebody else's calendar puts on a schedule: worked examples, one a sentence of the rules."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.oncall.calendar_import import (
    IMPORTED_AHEAD,
    REFRESH_MAX,
    REFRESH_MIN,
    UNREAD_SHOWN,
    URL_CHARACTERS,
    CalendarImport,
    calendar_url,
    import_window,
    imported,
    says_the_same,
)
from domain.oncall.temporary import TemporarySchedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, TemporaryScheduleId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import TEMPORARY_SHIFTS
from tests.support.oncall import ANN, BOB, a_temporary, utc

NOON = utc("2026-11-25 12:00")  # a Wednesday
URL = "https://calendar.example.test/secret.ics"
ID = TemporaryScheduleId(UUID(int=1))
HOUR = timedelta(hours=1)
CALENDAR = CalendarImport(
    schedule_id=ScheduleId(UUID(int=1)), url=URL, created_by=ANN, created_at=NOON, next_refresh_at=NOON
)


def span(start: str, end: str) -> Interval:
    return Interval(start=utc(f"2026-11-{start}"), end=utc(f"2026-11-{end}"))


def made(*found: tuple[UserId, Interval]) -> TemporarySchedule:
    return imported(ID, found, NOON)


def test_a_calendar_is_looked_at_for_a_quarter_to_the_end_of_a_week() -> None:
    monday = utc("2026-11-23 00:00")
    for at in (monday, NOON, monday + timedelta(days=7) - timedelta.resolution):
        assert import_window(at) == Interval(start=at, end=monday + IMPORTED_AHEAD)
    assert import_window(monday + timedelta(days=7)).end == monday + timedelta(days=7) + IMPORTED_AHEAD


def test_its_shifts_take_the_layers_place_and_where_it_names_nobody_there_is_a_gap() -> None:
    temporary = made((BOB, span("26 08:00", "26 20:00")), (ANN, span("27 08:00", "27 20:00")))
    assert temporary == replace(
        a_temporary(
            1,
            "2026-11-25 12:00",
            "2027-02-22 00:00",
            (BOB, "2026-11-26 08:00", "2026-11-26 20:00"),
            (ANN, "2026-11-27 08:00", "2026-11-27 20:00"),
        )
    )
    assert made().shifts == ()


def test_what_has_passed_and_what_is_beyond_is_cut_off() -> None:
    temporary = made(
        (ANN, span("25 08:00", "25 14:00")),
        (BOB, span("24 08:00", "25 12:00")),
        (BOB, Interval(start=utc("2027-02-21 12:00"), end=utc("2027-02-23 00:00"))),
    )
    assert [(each.user_id, each.starts_at, each.ends_at) for each in temporary.shifts] == [
        (ANN, NOON, utc("2026-11-25 14:00")),
        (BOB, utc("2027-02-21 12:00"), utc("2027-02-22 00:00")),
    ]


def test_events_of_one_person_that_overlap_or_touch_are_one_shift() -> None:
    temporary = made(
        (ANN, span("26 08:00", "26 12:00")), (ANN, span("26 10:00", "26 14:00")), (ANN, span("26 14:00", "26 15:00"))
    )
    assert [(each.starts_at, each.ends_at) for each in temporary.shifts] == [
        (utc("2026-11-26 08:00"), utc("2026-11-26 15:00"))
    ]


def test_it_reaches_as_far_as_a_temporary_schedule_can_hold() -> None:
    hours = [
        (ANN, Interval(start=NOON + 2 * number * HOUR, end=NOON + (2 * number + 1) * HOUR))
        for number in range(TEMPORARY_SHIFTS + 2)
    ]
    whole = imported(ID, hours[:TEMPORARY_SHIFTS], NOON)
    assert (len(whole.shifts), whole.ends_at) == (TEMPORARY_SHIFTS, utc("2027-02-22 00:00"))
    long = (BOB, Interval(start=NOON, end=NOON + 5000 * HOUR))
    cut = imported(ID, [*hours, long], NOON)
    ends_at = hours[TEMPORARY_SHIFTS - 1][1].start
    assert cut.ends_at == ends_at
    assert cut.shifts[1].ends_at == ends_at
    assert (cut.shifts[1].user_id, len(cut.shifts)) == (BOB, TEMPORARY_SHIFTS)


def test_it_says_the_same_when_from_now_on_the_same_people_are_on_call() -> None:
    shifts = ((ANN, span("25 08:00", "25 14:00")), (BOB, span("26 08:00", "26 20:00")))
    old = imported(ID, shifts, NOON)
    later = imported(ID, shifts, NOON + HOUR)
    assert says_the_same(old, later)
    assert not says_the_same(later, old)  # it does not reach back
    assert not says_the_same(old, imported(ID, shifts[:1], NOON + HOUR))
    assert not says_the_same(old, imported(ID, shifts, NOON + timedelta(days=7)))  # it goes on for a week more
    assert not says_the_same(replace(old, ends_at=NOON + HOUR, shifts=()), later)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (URL, URL),
        ("http://10.0.0.5/cal?x=1#y", "http://10.0.0.5/cal?x=1#y"),
        ("webcal://calendar.example.test/a.ics", "https://calendar.example.test/a.ics"),
        ("WEBCALS://calendar.example.test/a.ics", "https://calendar.example.test/a.ics"),
    ],
)
def test_a_calendar_has_a_web_address(text: str, url: str) -> None:
    assert calendar_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "calendar.example.test/a.ics",
        "ftp://calendar.example.test/a.ics",
        "https:///a.ics",
        "https://[::1/a.ics",
        "https://ann:secret@calendar.example.test/",
        "https://calendar.example.test/a b",
        "https://calendar.example.test/\n",
        "https://calendar.example.test/" + "a" * URL_CHARACTERS,
    ],
)
def test_what_is_no_address_of_a_calendar_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^url: must"):
        calendar_url(text)


def test_it_is_read_neither_too_often_nor_too_seldom() -> None:
    for wrong in (REFRESH_MIN - timedelta.resolution, REFRESH_MAX + timedelta.resolution):
        with pytest.raises(InvalidValueError, match=r"^refresh_minutes: must be from 5 to 1440$"):
            replace(CALENDAR, refresh_every=wrong)
    with pytest.raises(InvalidValueError, match=r"^url: must begin with https"):
        replace(CALENDAR, url="webcal://calendar.example.test/a.ics")
    assert CALENDAR.host == "calendar.example.test"
    assert "secret" not in repr(CALENDAR)


def test_the_limits_themselves_are_allowed() -> None:
    for right in (REFRESH_MIN, REFRESH_MAX):
        assert replace(CALENDAR, refresh_every=right).refresh_every == right
    longest = URL + "x" * (URL_CHARACTERS - len(URL))
    assert calendar_url(longest) == longest


def test_it_says_the_same_at_the_very_instant_at_which_it_was_read() -> None:
    one = made((BOB, span("26 08:00", "26 20:00")))
    assert says_the_same(one, one)


def test_a_failure_lasts_until_it_is_read_and_what_was_read_stays() -> None:
    read = CALENDAR.refreshed(
        at=NOON, etag="1", temporary_id=ID, unread=[str(number) for number in range(99)], unread_count=99
    )
    assert (read.read_at, read.etag, read.temporary_id, read.unread_count) == (NOON, "1", ID, 99)
    assert len(read.unread) == UNREAD_SHOWN
    failed = read.failed("gone", at=NOON + HOUR).failed("still gone", at=NOON + 2 * HOUR)
    assert (failed.failing_since, failed.failure) == (NOON + HOUR, "still gone")
    assert (failed.read_at, failed.temporary_id, failed.etag) == (NOON, ID, "1")
    again = failed.unchanged(at=NOON + 3 * HOUR)
    assert again == replace(read, read_at=NOON + 3 * HOUR)
    assert failed.refreshed(at=NOON, etag=None, temporary_id=ID, unread=(), unread_count=0).failing_since is None
    assert failed.refreshed(at=NOON, etag=None, temporary_id=ID, unread=(), unread_count=0).failure == ""
