"""What is flapping."""

from datetime import timedelta

import pytest

from domain.routing.route import Effect
from domain.shared.errors import InvalidValueError
from domain.shared.flapping import Flapping
from domain.shared.limits import FLAPPING_SECONDS_MAX, FLAPPING_TURNS_MAX
from tests.support.builders import MINUTE, NOON

TWICE = Flapping(turns=2, within=10 * MINUTE)


def test_a_third_turn_within_the_time_is_one_too_many_where_two_are_allowed() -> None:
    first = TWICE.counted((), at=NOON)
    second = TWICE.counted(first, at=NOON + MINUTE)
    third = TWICE.counted(second, at=NOON + 2 * MINUTE)
    assert [TWICE.is_reached(each) for each in (first, second, third)] == [False, False, True]


def test_a_turn_counts_for_less_than_the_time() -> None:
    before = (NOON, NOON + MINUTE)
    assert TWICE.counted(before, at=NOON + 10 * MINUTE) == (NOON + MINUTE, NOON + 10 * MINUTE)


def test_no_more_turns_are_kept_than_decide() -> None:
    many = tuple(NOON + number * MINUTE / 60 for number in range(9))
    assert TWICE.counted(many, at=NOON + MINUTE) == (*many[-2:], NOON + MINUTE)


def test_it_is_bounded() -> None:
    longest = timedelta(seconds=FLAPPING_SECONDS_MAX)
    most = Flapping(turns=FLAPPING_TURNS_MAX, within=longest)
    assert Effect(flapping=TWICE).then(Effect(flapping=most)).flapping == most
    assert Effect(flapping=TWICE).then(Effect()).flapping == TWICE
    for turns in (0, FLAPPING_TURNS_MAX + 1):
        with pytest.raises(InvalidValueError, match=r"flapping\.turns"):
            Flapping(turns=turns, within=longest)
    for within in (timedelta(0), longest + timedelta(seconds=1)):
        with pytest.raises(InvalidValueError, match=r"flapping\.within_seconds"):
            Flapping(turns=1, within=within)
