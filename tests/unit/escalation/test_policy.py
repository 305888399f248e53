from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.escalation.plan import FIRST, Position, deadline_after, following
from domain.escalation.policy import Step, StepMode
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import NAME_CHARACTERS, POLICY_REPEATS, POLICY_STEPS, STEP_TARGETS
from tests.support.builders import ADA, BEN, MINUTE, NOON, a_policy, a_step, to_team, to_user


def test_the_next_step_of_the_round_follows() -> None:
    assert following(a_policy(a_step(), a_step()), FIRST) == Position(0, 1)


def test_the_first_step_of_the_next_round_follows_the_last_of_this() -> None:
    assert following(a_policy(a_step(), a_step(), repeats=1), Position(0, 1)) == Position(1, 0)


def test_nothing_follows_the_last_step_of_the_last_round() -> None:
    policy = a_policy(a_step(), a_step(), repeats=1)

    assert following(policy, Position(1, 1)) is None
    assert following(a_policy(), FIRST) is None


def test_two_repeats_are_exactly_three_rounds() -> None:
    rounds: list[int] = []
    position: Position | None = FIRST
    while position is not None:
        rounds.append(position.round)
        position = following(a_policy(repeats=2), position)

    assert rounds == [0, 1, 2]


def test_a_steps_delay_counts_from_the_moment_it_was_reached() -> None:
    policy = a_policy(a_step(delay=MINUTE), a_step(delay=2 * MINUTE))

    assert deadline_after(policy, Position(0, 1), reached_at=NOON) == NOON + 2 * MINUTE


def test_positions_order_as_they_are_reached() -> None:
    assert FIRST < Position(0, 1) < Position(1, 0)


@pytest.mark.parametrize("count", [0, STEP_TARGETS + 1])
def test_a_step_has_targets_but_not_too_many(count: int) -> None:
    users = tuple(to_user(UserId(UUID(int=number))) for number in range(count))
    with pytest.raises(InvalidValueError, match=f"targets: has {count} entries, allowed are 1 to {STEP_TARGETS}"):
        Step(targets=users, delay=MINUTE)


def test_a_step_names_each_target_once() -> None:
    with pytest.raises(InvalidValueError, match=f"targets: names the user {ADA} twice; name each target once"):
        a_step(to_user(ADA), to_user(BEN), to_user(ADA))


def test_a_step_for_everyone_tells_all_of_its_targets_at_every_turn() -> None:
    step = a_step(to_user(ADA), to_team())

    assert step.told(turn=0) == step.told(turn=7) == step.targets
    assert not step.takes_turns


def test_a_round_robin_step_tells_one_target_in_turn() -> None:
    step = a_step(to_user(ADA), to_user(BEN), mode=StepMode.ROUND_ROBIN)

    assert [step.told(turn=turn) for turn in range(3)] == [(to_user(ADA),), (to_user(BEN),), (to_user(ADA),)]
    assert not a_step(to_user(ADA), mode=StepMode.ROUND_ROBIN).takes_turns


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(milliseconds=999), timedelta(days=7, seconds=1)])
def test_a_delay_is_from_a_second_to_a_week(delay: timedelta) -> None:
    with pytest.raises(InvalidValueError, match=r"delay: is .* allowed are 1 to 604800 seconds"):
        a_step(delay=delay)


@pytest.mark.parametrize("delay", [timedelta(seconds=1), timedelta(days=7)])
def test_a_second_and_a_week_are_delays(delay: timedelta) -> None:
    assert a_step(delay=delay).delay == delay


def test_a_policy_has_steps_but_not_too_many() -> None:
    with pytest.raises(InvalidValueError, match="steps: has 0 entries"):
        type(a_policy())(id=a_policy().id, team_id=a_policy().team_id, name="empty", steps=())
    with pytest.raises(InvalidValueError, match=f"steps: has {POLICY_STEPS + 1} entries"):
        a_policy(*[a_step()] * (POLICY_STEPS + 1))
    assert len(a_policy(*[a_step()] * POLICY_STEPS).steps) == POLICY_STEPS


def test_a_step_tells_as_many_as_its_limit() -> None:
    targets = [to_user(UserId(UUID(int=number))) for number in range(STEP_TARGETS)]
    assert len(a_step(*targets).targets) == STEP_TARGETS


def test_a_policy_has_a_name_within_its_limit() -> None:
    with pytest.raises(InvalidValueError, match=f"^name: has {NAME_CHARACTERS + 1} characters"):
        replace(a_policy(), name="x" * (NAME_CHARACTERS + 1))


@pytest.mark.parametrize("repeats", [-1, POLICY_REPEATS + 1])
def test_a_policy_repeats_from_never_to_a_limit(repeats: int) -> None:
    with pytest.raises(InvalidValueError, match=f"repeats: is {repeats}, allowed are 0 to {POLICY_REPEATS}"):
        a_policy(repeats=repeats)


def test_rounds_after_the_first_begin_with_the_step_that_is_repeated_from() -> None:
    policy = a_policy(a_step(), a_step(), a_step(), repeats=1, repeat_from=1)

    assert following(policy, Position(0, 2)) == Position(1, 1)
    assert following(policy, Position(1, 2)) is None


@pytest.mark.parametrize("repeat_from", [-1, 2])
def test_a_policy_repeats_from_one_of_its_steps(repeat_from: int) -> None:
    with pytest.raises(InvalidValueError, match=f"repeat_from: is step {repeat_from + 1}, allowed are 1 to 2"):
        a_policy(a_step(), a_step(), repeats=1, repeat_from=repeat_from)


@pytest.mark.parametrize("timeout", [timedelta(seconds=59), timedelta(days=7, seconds=1)])
def test_an_acknowledgement_times_out_after_a_minute_to_a_week(timeout: timedelta) -> None:
    with pytest.raises(InvalidValueError, match=r"acknowledgement_timeout: is .* allowed are 60 to 604800 seconds"):
        a_policy(acknowledgement_timeout=timeout)


@pytest.mark.parametrize("timeout", [None, MINUTE, timedelta(days=7)])
def test_an_acknowledgement_need_not_time_out(timeout: timedelta | None) -> None:
    assert a_policy(acknowledgement_timeout=timeout).acknowledgement_timeout == timeout
