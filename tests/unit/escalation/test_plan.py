"""What one look at the clock finds due, and what follows from it."""

from datetime import timedelta

from domain.escalation.condition import SkipReason, StepCondition
from domain.escalation.plan import FIRST, Look, Position, Skipped, look, timetable
from domain.escalation.policy import EscalationPolicy
from domain.shared.hours import Hours
from domain.shared.severity import Severity
from tests.support.builders import MINUTE, NOON, a_policy, a_step, circumstances, only_for
from tests.support.oncall import weekly

NEVER = only_for(Severity.SEV5)
# NOON is a Monday at 12:00 UTC.
AFTERNOON = StepCondition(hours=Hours(time_zone="UTC", windows=(weekly("monday 12:10", "monday 18:00"),)))


def seen(policy: EscalationPolicy, position: Position | None = FIRST) -> Look:
    return look(policy, position, circumstances(), at=NOON)


def reached(policy: EscalationPolicy) -> list[tuple[Position | None, timedelta]]:
    """Each look of a run that nobody answers: the step that it reaches, and how long after the start."""
    looks = timetable(policy, start=NOON, circumstances=circumstances())
    return [(moment.look.reached, moment.at - NOON) for moment in looks]


def test_a_step_that_applies_is_reached_and_the_next_look_comes_after_its_delay() -> None:
    policy = a_policy(a_step(delay=MINUTE), a_step())

    assert seen(policy) == Look((), FIRST, Position(0, 1), NOON + MINUTE)


def test_a_step_whose_condition_does_not_hold_is_passed_over_at_once_and_says_why() -> None:
    policy = a_policy(a_step(condition=NEVER), a_step(delay=MINUTE))

    skipped = Skipped(FIRST, SkipReason.SEVERITY, "the severity is SEV1, not SEV5")
    assert seen(policy) == Look((skipped,), Position(0, 1), None, NOON + MINUTE)


def test_several_steps_in_a_row_are_passed_over_in_one_look() -> None:
    policy = a_policy(a_step(condition=NEVER), a_step(condition=NEVER), a_step())

    assert [each.position for each in seen(policy).skipped] == [FIRST, Position(0, 1)]
    assert seen(policy).reached == Position(0, 2)


def test_the_last_steps_of_a_round_that_are_passed_over_give_way_to_the_next_round_at_once() -> None:
    policy = a_policy(a_step(delay=MINUTE), a_step(condition=NEVER, delay=9 * MINUTE), repeats=1)

    assert reached(policy) == [(FIRST, 0 * MINUTE), (Position(1, 0), MINUTE), (None, 2 * MINUTE)]


def test_a_round_of_which_no_step_applies_is_waited_out_before_the_next_one_begins() -> None:
    policy = a_policy(a_step(condition=NEVER, delay=MINUTE), a_step(condition=NEVER, delay=4 * MINUTE), repeats=2)

    found = seen(policy)
    assert [each.position for each in found.skipped] == [FIRST, Position(0, 1)]
    assert (found.reached, found.upcoming, found.next_look_at) == (None, Position(1, 0), NOON + 5 * MINUTE)
    assert reached(policy) == [(None, 0 * MINUTE), (None, 5 * MINUTE), (None, 10 * MINUTE)]


def test_a_round_that_is_waited_out_lasts_as_long_as_the_steps_that_it_repeats() -> None:
    policy = a_policy(a_step(delay=MINUTE), a_step(condition=NEVER, delay=4 * MINUTE), repeats=3, repeat_from=1)

    assert reached(policy) == [(FIRST, 0 * MINUTE), (None, MINUTE), (None, 5 * MINUTE), (None, 9 * MINUTE)]


def test_the_first_round_that_is_waited_out_lasts_as_long_as_all_of_its_steps() -> None:
    never = (a_step(condition=NEVER, delay=MINUTE), a_step(condition=NEVER, delay=4 * MINUTE))
    policy = a_policy(*never, repeats=2, repeat_from=1)

    assert reached(policy) == [(None, 0 * MINUTE), (None, 5 * MINUTE), (None, 9 * MINUTE)]


def test_a_step_that_applies_later_is_reached_in_a_later_round() -> None:
    policy = a_policy(a_step(condition=AFTERNOON, delay=6 * MINUTE), repeats=3)

    assert reached(policy) == [
        (None, 0 * MINUTE),
        (None, 6 * MINUTE),
        (Position(2, 0), 12 * MINUTE),
        (Position(3, 0), 18 * MINUTE),
        (None, 24 * MINUTE),
    ]


def test_a_policy_whose_every_step_is_passed_over_is_exhausted_at_the_beginning_of_its_last_round() -> None:
    assert seen(a_policy(a_step(condition=NEVER))).is_exhausted
    policy = a_policy(a_step(condition=NEVER), repeats=1)
    assert not seen(policy).is_exhausted
    assert seen(policy, Position(1, 0)).is_exhausted


def test_the_last_steps_of_the_last_round_that_are_passed_over_end_the_run_without_another_wait() -> None:
    policy = a_policy(a_step(delay=MINUTE), a_step(condition=NEVER, delay=9 * MINUTE))

    assert reached(policy) == [(FIRST, 0 * MINUTE), (None, MINUTE)]


def test_a_policy_is_exhausted_when_its_last_step_had_its_delay() -> None:
    assert seen(a_policy(), None) == Look((), None, None, None)
    assert reached(a_policy(a_step(delay=MINUTE))) == [(FIRST, 0 * MINUTE), (None, MINUTE)]
