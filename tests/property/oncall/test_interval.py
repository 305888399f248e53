"""Intervals behave as the sets of instants that they are."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.shared.interval import Interval, union
from tests.support.oncall import utc

EPOCH = utc("2026-01-01 00:00")
HOURS = range(30)


def _hours(*intervals: Interval) -> set[int]:
    return {hour for hour in HOURS if any(each.contains(EPOCH + timedelta(hours=hour)) for each in intervals)}


intervals = st.tuples(st.integers(0, 28), st.integers(1, 8)).map(
    lambda pair: Interval(
        start=EPOCH + timedelta(hours=pair[0]), end=EPOCH + timedelta(hours=min(pair[0] + pair[1], 29))
    )
)
several = st.lists(intervals, max_size=6)


@given(several)
def test_a_union_has_the_same_instants_in_parts_that_lie_apart(parts: list[Interval]) -> None:
    merged = union(parts)
    assert _hours(*merged) == _hours(*parts)
    assert all(earlier.end < later.start for earlier, later in pairwise(merged))


@given(intervals, several)
def test_subtracting_leaves_the_instants_that_are_in_none_of_the_others(whole: Interval, parts: list[Interval]) -> None:
    left = whole.subtract(parts)
    assert _hours(*left) == _hours(whole) - _hours(*parts)
    assert all(earlier.end < later.start for earlier, later in pairwise(left))


@given(intervals, intervals)
def test_an_intersection_has_the_instants_of_both(one: Interval, other: Interval) -> None:
    both = one.intersection(other)
    assert (_hours() if both is None else _hours(both)) == _hours(one) & _hours(other)
    assert one.overlaps(other) is (both is not None)
