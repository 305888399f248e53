"""Laws of policies, for all of them: rounds are exact, time passes, and nothing goes on for ever."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.escalation.condition import Circumstances
from domain.escalation.move import moved
from domain.escalation.plan import FIRST, Moment, Position, duration_of, first_step_of, following, look, timetable
from domain.escalation.policy import EscalationPolicy, StepMode
from domain.escalation.run import RunStatus
from tests.support import strategies
from tests.support.builders import NOON, a_policy, a_run, a_step, circumstances, to_user
from tests.support.strategies import responders

policies = strategies.conditional_policies()
starts = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=NOON.tzinfo))  # noqa: DTZ001


def positions_of(policy: EscalationPolicy) -> list[Position]:
    """Every position there is, by counting rounds and steps."""
    return [
        Position(number, step)
        for number in range(policy.repeats + 1)
        for step in range(0 if number == 0 else policy.repeat_from, len(policy.steps))
    ]


def passed(moment: Moment) -> list[Position]:
    """What one look came past, in order: the steps that were passed over, then the one that was reached."""
    reached = moment.look.reached
    return [*(each.position for each in moment.look.skipped), *([] if reached is None else [reached])]


@given(policies, strategies.all_circumstances, starts)
def test_a_run_comes_past_every_step_of_every_round_once_and_in_order(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    looks = timetable(policy, start=start, circumstances=like)

    assert [position for moment in looks for position in passed(moment)] == positions_of(policy)


@given(policies, strategies.all_circumstances, starts)
def test_between_two_looks_at_least_the_shortest_delay_goes_by(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    looks = list(timetable(policy, start=start, circumstances=like))

    shortest = min(step.delay for step in policy.steps)
    assert all(after.at - before.at >= shortest for before, after in pairwise(looks))


@given(policies, strategies.all_circumstances, starts)
def test_a_run_ends_after_no_more_time_than_all_of_its_rounds_take(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    looks = list(timetable(policy, start=start, circumstances=like))

    assert [moment.look.is_exhausted for moment in looks] == [False] * (len(looks) - 1) + [True]
    longest = sum((duration_of(policy, number) for number in range(policy.repeats + 1)), timedelta())
    assert looks[-1].at - start <= longest


@given(policies, strategies.all_circumstances, starts)
def test_one_look_passes_over_fewer_than_two_rounds(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    for moment in timetable(policy, start=start, circumstances=like):
        assert len(moment.look.skipped) < 2 * len(policy.steps)


@given(policies, strategies.all_circumstances, starts)
def test_a_step_is_reached_exactly_when_its_condition_holds_then(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    for at, found in timetable(policy, start=start, circumstances=like):
        for position, reason, detail in found.skipped:
            assert policy.steps[position.step].refusal(like, at=at) == (reason, detail)
        if found.reached is not None:
            assert policy.steps[found.reached.step].refusal(like, at=at) is None


@given(policies, strategies.all_circumstances, starts)
def test_a_look_without_a_step_ends_the_run_or_waits_out_a_round_that_was_passed_over_as_a_whole(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    for at, found in timetable(policy, start=start, circumstances=like):
        if found.reached is not None or found.next_look_at is None:
            continue
        number = found.skipped[-1].position.round
        whole = [Position(number, step) for step in range(first_step_of(policy, number), len(policy.steps))]
        assert [each.position for each in found.skipped][-len(whole) :] == whole
        assert found.upcoming == Position(number + 1, policy.repeat_from)
        assert found.next_look_at == at + duration_of(policy, number)


@given(policies, strategies.all_circumstances, starts)
def test_a_run_that_nobody_answers_and_that_is_never_late_reaches_exactly_what_the_timetable_says(
    policy: EscalationPolicy, like: Circumstances, start: datetime
) -> None:
    run, seen = a_run(at=start), []
    while run.next_deadline is not None:
        at = run.next_deadline
        run, found = run.tick(policy, like, at=at)
        assert found is not None
        seen.append(Moment(at, found))

    assert seen == list(timetable(policy, start=start, circumstances=like))
    assert run.status is RunStatus.EXHAUSTED


@given(policies, strategies.all_circumstances, st.lists(st.integers(0, 100_000), max_size=12))
def test_however_late_the_looks_are_no_step_is_left_out_and_none_comes_twice(
    policy: EscalationPolicy, like: Circumstances, lateness: list[int]
) -> None:
    run, came_past, late = a_run(), [], iter(lateness)
    while run.next_deadline is not None:
        at = run.next_deadline + timedelta(seconds=next(late, 0))
        run, found = run.tick(policy, like, at=at)
        assert found is not None
        came_past += passed(Moment(at, found))
        assert run.next_deadline is None or run.next_deadline > at

    assert came_past == positions_of(policy)


@given(st.integers(0, 50), st.lists(st.just(a_step()), min_size=1, max_size=20))
def test_repeats_are_exactly_as_many_rounds_after_the_first(repeats: int, steps: list[object]) -> None:
    policy = a_policy(*[a_step()] * len(steps), repeats=repeats)
    looks = timetable(policy, start=NOON, circumstances=circumstances())

    rounds = Counter(moment.look.reached.round for moment in looks if moment.look.reached is not None)
    assert rounds == dict.fromkeys(range(repeats + 1), len(steps))


@given(st.lists(responders, min_size=1, unique=True), st.integers(0, 100), st.integers(0, 50))
def test_over_n_reaches_of_k_targets_each_is_told_n_over_k_times_rounded_down_or_up(
    users: list[object], first: int, reaches: int
) -> None:
    targets = [to_user(user) for user in users]  # type: ignore[arg-type]
    step = a_step(*targets, mode=StepMode.ROUND_ROBIN)
    told = Counter(target for turn in range(first, first + reaches) for target in step.told(turn=turn))

    least, rest = divmod(reaches, len(targets))
    assert {told[target] for target in targets} <= {least, least + (rest > 0)}
    assert sum(told.values()) == reaches


@given(policies, policies, st.data())
def test_a_run_that_moves_goes_on_in_a_place_that_there_is_and_in_the_same_round_or_the_next(
    before: EscalationPolicy, after: EscalationPolicy, data: st.DataObject
) -> None:
    position = data.draw(st.none() | st.sampled_from(positions_of(before)))
    found = moved(position, before=before, after=after)

    number = before.repeats if position is None else position.round
    if found is not None:
        assert number <= found.round <= number + 1
        assert 0 <= found.step < len(after.steps)
        assert found.round == number or found == Position(number + 1, after.repeat_from)
        look(after, found, circumstances(), at=NOON)
    else:
        assert number >= after.repeats


@given(policies, st.data())
def test_a_run_that_moves_to_the_same_steps_stays_where_it_is(policy: EscalationPolicy, data: st.DataObject) -> None:
    position = data.draw(st.sampled_from(positions_of(policy)))

    assert moved(position, before=policy, after=policy) == position
    assert moved(None, before=policy, after=policy) is None


@given(policies, policies)
def test_a_run_that_has_not_begun_moves_to_the_first_step_or_to_where_that_stands_now(
    before: EscalationPolicy, after: EscalationPolicy
) -> None:
    found = moved(FIRST, before=before, after=after)

    assert found is not None
    assert found == FIRST or after.steps[found.step] == before.steps[0]
    assert following(after, found) is None or following(after, found) > found  # type: ignore[operator]
