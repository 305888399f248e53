"""Signs of life that waited while storage was away, whatever they are and whenever they are heard of."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.heartbeat.heartbeat import Heartbeat, HeartbeatStatus, PingKind
from tests.unit.heartbeat.test_heartbeat import NOON, UP_AT_NOON, a_heartbeat

MINUTE = timedelta(minutes=1)

kinds = st.sampled_from(PingKind)
given_after = st.lists(st.tuples(kinds, st.integers(1, 600)), min_size=1, max_size=12).map(
    lambda pings: sorted(((kind, NOON + minutes * MINUTE) for kind, minutes in pings), key=lambda each: each[1])
)
waits = st.integers(0, 3000).map(lambda minutes: minutes * MINUTE)


def heard(state: Heartbeat, pings: list[tuple[PingKind, object]], **more: object) -> Heartbeat:
    for kind, at in pings:
        state = state.ping(kind, at=at, **more)  # type: ignore[arg-type]
    return state


@given(given_after, waits)
def test_heard_late_in_their_order_they_say_the_same_as_in_time(
    pings: list[tuple[PingKind, object]], wait: timedelta
) -> None:
    in_time = heard(UP_AT_NOON, pings)
    late = heard(UP_AT_NOON, pings, heard_at=NOON + 600 * MINUTE + wait)
    assert replace(late, next_deadline=None) == replace(in_time, next_deadline=None)


@given(given_after, waits)
def test_after_a_success_that_was_heard_late_another_is_waited_for_as_long_as_the_grace_at_least(
    pings: list[tuple[PingKind, object]], wait: timedelta
) -> None:
    now = NOON + 600 * MINUTE + wait
    late = heard(UP_AT_NOON, [*pings, (PingKind.SUCCESS, pings[-1][1])], heard_at=now)
    assert late.tick(at=now + late.grace - timedelta.resolution).status is HeartbeatStatus.UP


@given(st.permutations(range(6)), st.lists(kinds, min_size=6, max_size=6), waits)
def test_in_whatever_order_they_are_heard_the_last_success_is_the_last_and_nothing_goes_back(
    order: list[int], of: list[PingKind], wait: timedelta
) -> None:
    now = NOON + 10 * MINUTE + wait
    state = a_heartbeat()
    for number in order:
        before, state = state, state.ping(of[number], at=NOON + number * MINUTE, heard_at=now)
        assert before.last_ping_at is None or before.last_ping_at <= state.last_ping_at  # type: ignore[operator]
    successes = [NOON + number * MINUTE for number in range(6) if of[number] is PingKind.SUCCESS]
    assert state.last_success_at == max(successes, default=None)
    if of[5] is PingKind.SUCCESS:
        assert state.status is HeartbeatStatus.UP
    elif of[5] is PingKind.FAIL:
        assert state.status is HeartbeatStatus.DOWN
