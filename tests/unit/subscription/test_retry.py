from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.subscription.retry import (
    GIVE_UP_AFTER,
    LONGEST_DELAY,
    LONGEST_PAUSE,
    SWITCH_OFF_AFTER,
    delay,
    must_be_switched_off,
    next_attempt,
)
from tests.support.builders import NOON

MIDDLE = 0.5  # the jitter that changes nothing


def seconds(*counts: float) -> list[timedelta]:
    return [timedelta(seconds=count) for count in counts]


def test_each_delay_is_three_times_the_one_before_up_to_four_hours() -> None:
    assert [delay(attempts) for attempts in range(1, 9)] == seconds(5, 15, 45, 135, 405, 1215, 3645, 10935)
    assert delay(9) == delay(1000) == LONGEST_DELAY == timedelta(hours=4)


def test_jitter_moves_a_delay_by_a_fifth_either_way() -> None:
    tries = [next_attempt(attempts=1, first_at=NOON, at=NOON, jitter=jitter) for jitter in (0, MIDDLE, 1)]
    assert [each - NOON for each in tries if each is not None] == seconds(4, 5, 6)


def test_a_receiver_that_asks_for_time_gets_it_up_to_an_hour() -> None:
    def wait(asked: timedelta) -> timedelta:
        at = next_attempt(attempts=1, first_at=NOON, at=NOON, jitter=MIDDLE, retry_after=asked)
        assert at is not None
        return at - NOON

    assert wait(timedelta(minutes=2)) == timedelta(minutes=2)
    assert wait(timedelta(seconds=1)) == timedelta(seconds=5)
    assert wait(timedelta(days=400)) == LONGEST_PAUSE


def test_the_last_try_is_when_the_day_is_over_and_then_it_is_given_up() -> None:
    late = NOON + GIVE_UP_AFTER - timedelta(minutes=1)
    assert next_attempt(attempts=12, first_at=NOON, at=late, jitter=MIDDLE) == NOON + GIVE_UP_AFTER
    assert next_attempt(attempts=13, first_at=NOON, at=NOON + GIVE_UP_AFTER, jitter=MIDDLE) is None


@given(jitters=st.lists(st.floats(0, 1, exclude_max=True), min_size=40, max_size=40))
def test_a_day_of_failures_holds_a_dozen_tries_or_so_and_ends(jitters: list[float]) -> None:
    at: datetime | None = NOON
    tries = 0
    while at is not None:
        tries += 1
        after = next_attempt(attempts=tries, first_at=NOON, at=at, jitter=jitters[tries])
        assert after is None or at < after <= NOON + GIVE_UP_AFTER
        at = after
    assert 10 <= tries <= 16


@pytest.mark.parametrize(
    ("failing_since", "is_over"),
    [(None, False), (NOON - SWITCH_OFF_AFTER, True), (NOON - SWITCH_OFF_AFTER + timedelta(seconds=1), False)],
)
def test_a_subscription_is_switched_off_after_three_days_without_one_delivery(
    failing_since: datetime | None, is_over: bool
) -> None:
    assert must_be_switched_off(failing_since=failing_since, at=NOON) is is_over
