from dataclasses import replace
from datetime import datetime, timedelta

from domain.escalation.plan import FIRST, Look, Position
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun, RunStatus, Tick
from domain.shared.severity import Severity
from tests.support.builders import BEN, MINUTE, NOON, a_policy, a_run, a_step, circumstances, only_for, to_user

POLICY = a_policy(a_step(delay=MINUTE), a_step(delay=2 * MINUTE))


def tick(run: EscalationRun, *, at: datetime, policy: EscalationPolicy = POLICY) -> Tick:
    return run.tick(policy, circumstances(), at=at)


def ticked(run: EscalationRun, *, at: datetime, policy: EscalationPolicy = POLICY) -> tuple[EscalationRun, Look]:
    after, found = tick(run, at=at, policy=policy)
    assert found is not None, "it was not due"
    return after, found


def waiting_for_its_answer() -> EscalationRun:
    return replace(a_run(), position=None, next_deadline=NOON)


def test_a_run_begins_with_its_first_step_due_at_once() -> None:
    run = a_run()

    assert (run.status, run.position, run.next_deadline) == (RunStatus.RUNNING, FIRST, NOON)


def test_nothing_happens_before_the_deadline() -> None:
    assert tick(a_run(), at=NOON - timedelta(microseconds=1)) == Tick(a_run(), None)


def test_a_step_is_reached_at_its_deadline_and_the_next_is_due_after_its_delay() -> None:
    run, found = ticked(a_run(), at=NOON)

    assert found.reached == FIRST
    assert (run.position, run.next_deadline) == (Position(0, 1), NOON + MINUTE)
    assert not found.is_exhausted


def test_at_most_one_step_is_reached_whatever_was_missed() -> None:
    late = NOON + 90 * MINUTE
    run, found = ticked(a_run(), at=late)

    assert found.reached == FIRST
    assert run.next_deadline == late + MINUTE


def test_the_last_step_waits_for_its_answer() -> None:
    run, found = ticked(replace(a_run(), position=Position(0, 1)), at=NOON)

    assert found.reached == Position(0, 1)
    assert (run.status, run.position) == (RunStatus.RUNNING, None)
    assert run.next_deadline == NOON + 2 * MINUTE


def test_a_run_is_exhausted_when_the_last_step_had_its_delay() -> None:
    run, found = ticked(waiting_for_its_answer(), at=NOON)

    assert found.is_exhausted
    assert found.reached is None
    assert (run.status, run.next_deadline) == (RunStatus.EXHAUSTED, None)


def test_an_exhausted_run_never_acts_again() -> None:
    exhausted = ticked(waiting_for_its_answer(), at=NOON)[0]

    assert tick(exhausted, at=NOON + MINUTE) == Tick(exhausted, None)


def test_nothing_of_a_stopped_run_is_due() -> None:
    stopped = a_run().stop()

    assert (stopped.status, stopped.next_deadline) == (RunStatus.STOPPED, None)
    assert tick(stopped, at=NOON + MINUTE) == Tick(stopped, None)


def test_a_run_that_has_ended_stays_as_it_ended() -> None:
    exhausted = ticked(waiting_for_its_answer(), at=NOON)[0]

    assert exhausted.stop() == exhausted
    assert a_run().stop().stop() == a_run().stop()


def test_a_run_may_begin_with_another_step() -> None:
    run = a_run(position=Position(0, 1))

    assert (run.position, run.next_deadline) == (Position(0, 1), NOON)


def test_a_tick_goes_on_after_the_step_that_it_reached_when_others_were_passed_over() -> None:
    policy = a_policy(a_step(condition=only_for(Severity.SEV5)), a_step(delay=2 * MINUTE), a_step())
    run, found = ticked(a_run(), at=NOON, policy=policy)

    assert [each.position for each in found.skipped] == [FIRST]
    assert found.reached == Position(0, 1)
    assert (run.position, run.next_deadline) == (Position(0, 2), NOON + 2 * MINUTE)


def test_a_run_that_moves_is_another_run_with_the_same_deadline() -> None:
    newest = a_policy(a_step(to_user(BEN)), *POLICY.steps, version=7)
    run, _ = ticked(a_run(), at=NOON)
    successor = replace(run, version=3).move(a_run(2).id, policy=POLICY, to=newest, at=NOON + MINUTE)

    assert (successor.id, successor.policy_version, successor.version) == (a_run(2).id, 7, 0)
    assert successor.started_at == NOON + MINUTE
    assert (successor.position, successor.next_deadline) == (Position(0, 2), run.next_deadline)
