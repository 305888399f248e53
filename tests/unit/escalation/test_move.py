"""Where a run goes on when it moves to another version of its policy. Ann, Bob, ... are steps."""

from domain.escalation.move import moved
from domain.escalation.plan import FIRST, Position
from domain.escalation.policy import EscalationPolicy, Step
from tests.support.builders import ADA, BEN, CAT, DAN, a_policy, a_step, to_user

A, B, C, X = (a_step(to_user(user)) for user in (ADA, BEN, CAT, DAN))


def version(*steps: Step, repeats: int = 1, repeat_from: int = 0) -> EscalationPolicy:
    return a_policy(*steps, repeats=repeats, repeat_from=repeat_from)


BEFORE = version(A, B, C)


def test_a_run_goes_on_with_the_same_step_wherever_it_stands() -> None:
    assert moved(Position(0, 1), before=BEFORE, after=version(X, A, B, C)) == Position(0, 2)
    assert moved(Position(1, 1), before=BEFORE, after=version(B, C)) == Position(1, 0)


def test_a_step_that_was_changed_is_the_one_after_the_last_that_is_still_there() -> None:
    assert moved(Position(0, 1), before=BEFORE, after=version(A, X, C)) == Position(0, 1)
    assert moved(Position(0, 1), before=BEFORE, after=version(X, A, X, C)) == Position(0, 2)


def test_in_place_of_a_step_that_was_taken_away_the_nearest_one_that_follows_is_next() -> None:
    assert moved(Position(0, 1), before=BEFORE, after=version(A, C)) == Position(0, 1)
    assert moved(Position(0, 2), before=BEFORE, after=version(A, B)) == Position(1, 0)


def test_when_nothing_is_as_it_was_the_number_of_the_step_decides() -> None:
    rest = a_step(to_user(DAN), to_user(CAT))
    assert moved(Position(0, 1), before=BEFORE, after=version(X, rest)) == Position(0, 1)
    assert moved(Position(0, 2), before=BEFORE, after=version(X, rest)) == Position(1, 0)


def test_a_run_that_has_not_reached_anything_begins_with_what_now_comes_first() -> None:
    assert moved(FIRST, before=BEFORE, after=version(X)) == FIRST


def test_of_equal_steps_the_nearest_is_the_same() -> None:
    before = version(A, B, A, B)
    assert moved(Position(0, 2), before=before, after=version(A, B, A, B, C)) == Position(0, 2)
    assert moved(Position(0, 1), before=version(B, A), after=version(A, B, A)) == Position(0, 2)


def test_a_step_that_was_added_after_the_last_one_is_still_reached() -> None:
    assert moved(None, before=BEFORE, after=version(A, B, C, X)) == Position(1, 3)


def test_rounds_that_were_added_after_the_last_one_are_still_begun() -> None:
    assert moved(None, before=BEFORE, after=version(A, B, C, repeats=2, repeat_from=1)) == Position(2, 1)
    assert moved(None, before=BEFORE, after=BEFORE) is None


def test_a_round_that_has_begun_is_finished_and_one_that_is_gone_is_not_begun() -> None:
    once = version(A, B, C, repeats=0)
    assert moved(Position(1, 1), before=BEFORE, after=once) == Position(1, 1)
    assert moved(Position(1, 0), before=BEFORE, after=once) is None


def test_a_later_round_has_begun_when_the_step_that_it_repeats_from_was_reached() -> None:
    """Rounds after the first begin with B here: waiting for it, the second has not begun; waiting for C, it has."""
    before = version(A, B, C, repeat_from=1)
    once = version(A, B, C, repeats=0)
    assert moved(Position(1, 1), before=before, after=once) is None
    assert moved(Position(1, 2), before=before, after=once) == Position(1, 2)
