"""Half-open spans of time."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from domain.shared.errors import InvalidValueError
from domain.shared.interval import Interval, union
from tests.support.oncall import utc


def day(first: int, last: int) -> Interval:
    return Interval(start=utc(f"2026-01-{first:02}"), end=utc(f"2026-01-{last:02}"))


def test_the_start_belongs_to_it_and_the_end_does_not() -> None:
    assert day(1, 3).contains(utc("2026-01-01"))
    assert day(1, 3).contains(utc("2026-01-03") - timedelta.resolution)
    assert not day(1, 3).contains(utc("2026-01-03"))
    assert not day(2, 3).contains(utc("2026-01-01"))


def test_it_is_never_empty_or_backward() -> None:
    for end in (1, 2):
        with pytest.raises(InvalidValueError, match=r"^end: must be after the start"):
            day(2, end)


@pytest.mark.parametrize("zone", [None, ZoneInfo("Europe/London"), ZoneInfo("UTC"), timezone(timedelta(hours=1))])
def test_both_ends_are_in_utc(zone: ZoneInfo | timezone | None) -> None:
    other = datetime(2026, 1, 2, tzinfo=zone)
    with pytest.raises(InvalidValueError, match=r"^start: must be an instant in UTC"):
        Interval(start=other, end=utc("2026-01-03"))
    with pytest.raises(InvalidValueError, match=r"^end: must be an instant in UTC"):
        Interval(start=utc("2026-01-01"), end=other)


def test_it_lasts_from_its_start_to_its_end() -> None:
    assert day(1, 3).duration == timedelta(days=2)


def test_two_that_touch_share_nothing() -> None:
    assert not day(1, 2).overlaps(day(2, 3))
    assert day(1, 2).intersection(day(2, 3)) is None


def test_an_intersection_is_what_both_have() -> None:
    assert day(1, 5).intersection(day(3, 9)) == day(3, 5)


def test_a_union_joins_what_overlaps_or_touches_and_keeps_the_rest_apart() -> None:
    assert union([day(7, 9), day(1, 3), day(3, 4), day(1, 2)]) == (day(1, 4), day(7, 9))
    assert union([]) == ()


def test_subtracting_leaves_what_is_in_none_of_the_others() -> None:
    assert day(1, 9).subtract([day(6, 7), day(2, 4), day(3, 5), day(8, 20)]) == (day(1, 2), day(5, 6), day(7, 8))
    assert day(3, 4).subtract([day(1, 9)]) == ()
    assert day(3, 4).subtract([]) == (day(3, 4),)
