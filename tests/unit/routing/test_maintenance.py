"""Maintenance windows; each test is a sentence of docs/domain.md."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.routing.maintenance import FOREVER, MaintenanceWindow
from domain.routing.recurrence import parse_recurrence
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import TeamId
from tests.support.builders import BANK, CREW, SHOP
from tests.support.routing import a_maintenance

HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def end(window: MaintenanceWindow, at: str, **more: Any) -> str | None:
    found = window.end_at(utc(at), **{"team_id": CREW, "service_id": SHOP, **more})
    return None if found is None else f"{found:%Y-%m-%d %H:%M}"


def nightly(rule: str = "FREQ=DAILY", **more: Any) -> MaintenanceWindow:
    """From 22:00 in Berlin, for four hours."""
    values: dict[str, Any] = {"starts_at": datetime(2026, 11, 23, 22), "duration": 4 * HOUR, **more}  # noqa: DTZ001
    return a_maintenance(recurrence=parse_recurrence(rule), **values)


def test_a_window_holds_once_from_its_start_for_its_duration() -> None:
    window = a_maintenance(starts_at=datetime(2026, 11, 23, 22), duration=HOUR)  # noqa: DTZ001
    assert end(window, "2026-11-23 20:59") is None
    assert end(window, "2026-11-23 21:00") == "2026-11-23 22:00"
    assert end(window, "2026-11-23 22:00") is None
    assert end(window, "2026-11-24 21:00") is None
    assert window.over_at == utc("2026-11-23 22:00")


def test_one_that_comes_back_holds_over_midnight_too() -> None:
    assert end(nightly(), "2026-11-24 00:30") == "2026-11-24 01:00"
    assert end(nightly(), "2026-12-24 21:00") == "2026-12-25 01:00"
    assert end(nightly(), "2026-11-23 20:59") is None
    sundays = nightly("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU")
    assert end(sundays, "2026-11-30 00:30") == "2026-11-30 01:00"  # began on Sunday the 29th
    assert end(sundays, "2026-12-07 21:30") == "2026-12-08 01:00"
    assert end(sundays, "2026-12-06 21:30") is None


def test_it_keeps_to_the_wall_clock_when_clocks_change() -> None:
    early = a_maintenance(
        starts_at=datetime(2026, 3, 1, 2),  # noqa: DTZ001
        duration=HOUR,
        recurrence=parse_recurrence("FREQ=DAILY"),
    )
    assert end(early, "2026-03-28 01:30") == "2026-03-28 02:00"
    assert end(early, "2026-03-29 00:30") is None
    assert end(early, "2026-03-29 01:00") is None  # 02:00 to 03:00 is skipped that night
    assert end(early, "2026-03-30 00:30") == "2026-03-30 01:00"


def test_the_last_date_is_one_on_which_it_may_begin() -> None:
    window = nightly("FREQ=DAILY;UNTIL=20261125")
    assert end(window, "2026-11-26 00:30") == "2026-11-26 01:00"
    assert end(window, "2026-11-26 21:00") is None
    assert window.over_at == utc("2026-11-26 01:00")
    assert nightly().over_at == FOREVER


def test_one_that_is_ended_never_holds_again() -> None:
    window = nightly().end(at=utc("2026-11-23 22:00"))
    assert end(window, "2026-11-23 21:59") == "2026-11-24 01:00"
    assert end(window, "2026-11-23 22:00") is None
    assert end(window, "2026-11-24 22:00") is None
    assert window.over_at == utc("2026-11-23 22:00")
    with pytest.raises(IllegalTransitionError):
        window.end(at=utc("2026-11-23 22:00"))


def test_it_is_for_its_team_and_its_services_alone() -> None:
    all_of_them, one = nightly(), nightly(service_ids=(SHOP,))
    at = "2026-11-23 21:00"
    assert (end(all_of_them, at, service_id=BANK), end(one, at, service_id=BANK)) == ("2026-11-24 01:00", None)
    assert end(all_of_them, at, team_id=TeamId(BANK)) is None


def test_of_occurrences_that_overlap_the_later_end_counts() -> None:
    assert end(nightly(duration=30 * HOUR), "2026-11-24 22:00") == "2026-11-26 03:00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"time_zone": "Mars/Olympus"},
        {"duration": timedelta(seconds=59)},
        {"duration": timedelta(days=8)},
        {"starts_at": utc("2026-11-23 22:00")},
        {"service_ids": (SHOP,) * 101},
        {"recurrence": parse_recurrence("FREQ=WEEKLY;BYDAY=SU")},  # it begins on a Monday
    ],
)
def test_a_window_outside_of_its_limits_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        a_maintenance(**wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("weekly", "is no part of a rule"),
        ("FREQ=YEARLY", "FREQ is 'YEARLY'"),
        ("FREQ=DAILY;COUNT=3", "COUNT is not understood"),
        ("FREQ=DAILY;FREQ=DAILY", "comes twice"),
        ("FREQ=DAILY;INTERVAL=0", "allowed are 1 to 99"),
        ("FREQ=DAILY;INTERVAL=x", "no number"),
        ("FREQ=DAILY;BYDAY=MO", "goes with WEEKLY and MONTHLY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "goes with MONTHLY"),
        ("FREQ=WEEKLY;BYDAY=XX", "use MO to SU"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY goes with MONTHLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "days from 1 to 31"),
        ("FREQ=DAILY;UNTIL=tomorrow", "use a date"),
    ],
)
def test_a_recurrence_that_cannot_be_understood_says_which_part(text: str, said: str) -> None:
    with pytest.raises(InvalidValueError, match="recurrence") as refused:
        parse_recurrence(text)
    assert said in str(refused.value)
