"""Five fields, and the local times that they mean; when these are, in zones, a property says for all of them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.heartbeat.cron import Cron
from domain.shared.errors import InvalidValueError
from tests.support.oncall import utc

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def following(cron: str, after: str, count: int = 3) -> list[str]:
    """The next local times after one."""
    found, at = [], local(after)
    for _ in range(count):
        following = Cron.read(cron).next_local(at)
        assert following is not None
        at = following
        found.append(f"{at:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", ["2026-11-25 10:01", "2026-11-25 10:02", "2026-11-25 10:03"]),
        ("*/15 * * * *", ["2026-11-25 10:15", "2026-11-25 10:30", "2026-11-25 10:45"]),
        ("5-59/20 * * * *", ["2026-11-25 10:05", "2026-11-25 10:25", "2026-11-25 10:45"]),
        ("50/5 * * * *", ["2026-11-25 10:50", "2026-11-25 10:55", "2026-11-25 11:50"]),
        ("30 3 * * *", ["2026-11-26 03:30", "2026-11-27 03:30", "2026-11-28 03:30"]),
        ("0 9,17 * * *", ["2026-11-25 17:00", "2026-11-26 09:00", "2026-11-26 17:00"]),
        ("0 0 1 * *", ["2026-12-01 00:00", "2027-01-01 00:00", "2027-02-01 00:00"]),
        ("0 0 31 * *", ["2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("0 6 * * mon-fri", ["2026-11-26 06:00", "2026-11-27 06:00", "2026-11-30 06:00"]),
        ("0 6 * * 7", ["2026-11-29 06:00", "2026-12-06 06:00", "2026-12-13 06:00"]),
        ("0 6 * * SUN", ["2026-11-29 06:00", "2026-12-06 06:00", "2026-12-13 06:00"]),
        ("0 0 * jan,Jul 1", ["2027-01-04 00:00", "2027-01-11 00:00", "2027-01-18 00:00"]),
    ],
)
def test_the_local_times_of_an_expression(cron: str, expected: list[str]) -> None:
    assert following(cron, "2026-11-25 10:00") == expected  # a Wednesday


def test_where_both_days_are_restricted_either_will_do() -> None:
    assert following("0 0 1 * mon", "2026-11-25 10:00") == ["2026-11-30 00:00", "2026-12-01 00:00", "2026-12-07 00:00"]


def test_a_step_over_all_days_is_no_restriction() -> None:
    assert following("0 0 */2 * mon", "2026-11-25 10:00", 2) == ["2026-12-07 00:00", "2026-12-21 00:00"]


def test_a_time_within_a_minute_is_past_it() -> None:
    assert Cron.read("0 * * * *").next_local(local("2026-11-25 10:00:30")) == local("2026-11-25 11:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "mon * * * *",
        "-1 * * * *",
        "1,,2 * * * *",
        "\u0661 * * * *",
        "@daily",
        "* * * * *" + " " * 100,
        "0 0 30 2 *",
        "0 0 31 apr,jun *",
    ],
)
def test_what_is_no_expression_or_never_comes_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        Cron.read(text)
    assert refused.value.field == "cron"


def test_a_time_that_the_clock_skips_comes_at_the_first_instant_after_it() -> None:
    before = utc("2026-03-28 12:00")  # at 02:00 of the 29th it becomes 03:00
    assert Cron.read("30 2 * * *").next_after(before, BERLIN) == utc("2026-03-29 01:00")
    assert Cron.read("30 2 * * *").next_after(utc("2026-03-29 01:00"), BERLIN) == utc("2026-03-30 00:30")


def test_a_time_that_comes_twice_comes_the_first_time() -> None:
    before = utc("2026-10-24 12:00")  # at 03:00 of the 25th it becomes 02:00
    assert Cron.read("30 2 * * *").next_after(before, BERLIN) == utc("2026-10-25 00:30")
    assert Cron.read("30 2 * * *").next_after(utc("2026-10-25 00:30"), BERLIN) == utc("2026-10-26 01:30")
