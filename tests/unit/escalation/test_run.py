from dataclasses import replace
from datetime import timedelta

from domain.escalation.plan import FIRST, Position
from domain.escalation.run import EscalationRun, RunStatus, Tick
from tests.support.builders import MINUTE, NOON, a_policy, a_run, a_step

POLICY = a_policy(a_step(delay=MINUTE), a_step(delay=2 * MINUTE))


def waiting_for_its_answer() -> EscalationRun:
    return replace(a_run(), position=None, next_deadline=NOON)


def test_a_run_begins_with_its_first_step_due_at_once() -> None:
    run = a_run()

    assert (run.status, run.position, run.next_deadline) == (RunStatus.RUNNING, FIRST, NOON)


def test_nothing_happens_before_the_deadline() -> None:
    assert a_run().tick(POLICY, at=NOON - timedelta(microseconds=1)) == Tick(a_run(), None)


def test_a_step_is_reached_at_its_deadline_and_the_next_is_due_after_its_delay() -> None:
    tick = a_run().tick(POLICY, at=NOON)

    assert tick.reached == FIRST
    assert (tick.run.position, tick.run.next_deadline) == (Position(0, 1), NOON + MINUTE)
    assert not tick.is_exhausted


def test_at_most_one_step_is_reached_whatever_was_missed() -> None:
    late = NOON + 90 * MINUTE
    tick = a_run().tick(POLICY, at=late)

    assert tick.reached == FIRST
    assert tick.run.next_deadline == late + MINUTE


def test_the_last_step_waits_for_its_answer() -> None:
    tick = replace(a_run(), position=Position(0, 1)).tick(POLICY, at=NOON)

    assert tick.reached == Position(0, 1)
    assert (tick.run.status, tick.run.position) == (RunStatus.RUNNING, None)
    assert tick.run.next_deadline == NOON + 2 * MINUTE


def test_a_run_is_exhausted_when_the_last_step_had_its_delay() -> None:
    tick = waiting_for_its_answer().tick(POLICY, at=NOON)

    assert tick.is_exhausted
    assert tick.reached is None
    assert (tick.run.status, tick.run.next_deadline) == (RunStatus.EXHAUSTED, None)


def test_an_exhausted_run_never_acts_again() -> None:
    exhausted = waiting_for_its_answer().tick(POLICY, at=NOON).run

    assert exhausted.tick(POLICY, at=NOON + MINUTE) == Tick(exhausted, None)


def test_nothing_of_a_stopped_run_is_due() -> None:
    stopped = a_run().stop()

    assert (stopped.status, stopped.next_deadline) == (RunStatus.STOPPED, None)
    assert stopped.tick(POLICY, at=NOON + MINUTE) == Tick(stopped, None)


def test_a_run_that_has_ended_stays_as_it_ended() -> None:
    exhausted = waiting_for_its_answer().tick(POLICY, at=NOON).run

    assert exhausted.stop() == exhausted
    assert a_run().stop().stop() == a_run().stop()
