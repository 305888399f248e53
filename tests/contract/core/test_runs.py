"""The promises of `RunRepository`, `PolicyVersions` and `StepTurns`, kept by every adapter of them."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from application.errors import NotFoundError
from application.ports.escalations import StepKey
from application.ports.event_log import EventPosition
from application.ports.readers import IncidentFilter, IncidentQuery
from domain.escalation.condition import SkipReason
from domain.escalation.events import EscalationStepSkipped
from domain.escalation.plan import Position
from domain.escalation.run import EscalationRun, RunStatus
from domain.notification.contact import Channel
from domain.shared.ids import IncidentId, NotificationId, PolicyId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.contract.core.storing import an_open_incident, logged_after
from tests.support.builders import ADA, LADDER, LOOP, MINUTE, NOON, a_page, a_policy, a_run, a_step, a_town
from tests.support.world import Ports


async def saved(ports: Ports, *runs: EscalationRun) -> None:
    async with ports.transaction:
        await ports.runs.save(runs)


async def running_of(ports: Ports, *incident_ids: IncidentId) -> tuple[EscalationRun, ...]:
    async with ports.transaction:
        return await ports.runs.running_of(incident_ids)


async def test_what_is_due_comes_earliest_first_and_at_most_as_many_as_wanted(ports: Ports) -> None:
    for number, at in ((1, NOON + 2 * MINUTE), (2, NOON), (3, NOON + MINUTE), (4, NOON + 9 * MINUTE)):
        await an_open_incident(ports, number, at=at)

    async with ports.transaction:
        due = await ports.runs.claim_due(at=NOON + 2 * MINUTE, limit=5)
        assert [each.run.id for each in due] == [a_run(2).id, a_run(3).id, a_run(1).id]
        assert len(await ports.runs.claim_due(at=NOON + 2 * MINUTE, limit=2)) == 2


async def test_of_more_than_a_tick_takes_half_are_the_oldest_and_half_the_newest(ports: Ports) -> None:
    for number in range(1, 8):
        await an_open_incident(ports, number, at=NOON + number * MINUTE)

    async with ports.transaction:
        due = await ports.runs.claim_due(at=NOON + 7 * MINUTE, limit=5)
        assert [each.run.id for each in due] == [a_run(number).id for number in (1, 2, 3, 6, 7)]
        (oldest,) = await ports.runs.claim_due(at=NOON + 7 * MINUTE, limit=1)
        assert oldest.run.id == a_run(1).id


async def test_a_run_is_due_at_its_deadline_and_not_before(ports: Ports) -> None:
    await an_open_incident(ports)
    async with ports.transaction:
        assert await ports.runs.claim_due(at=NOON - MINUTE / 60_000_000, limit=5) == ()
        assert len(await ports.runs.claim_due(at=NOON, limit=5)) == 1


async def test_a_due_run_comes_with_the_urgency_and_the_severity_of_its_incident(ports: Ports) -> None:
    await an_open_incident(ports)
    async with ports.transaction:
        (due,) = await ports.runs.claim_due(at=NOON, limit=5)

    assert due.run == replace(a_run(), version=1)
    assert (due.urgency, due.severity) == (Urgency.HIGH, Severity.SEV1)


async def test_a_run_is_read_as_it_was_saved(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    moved = replace(a_run(), position=Position(1, 3), next_deadline=NOON + MINUTE, version=1)
    await saved(ports, moved)
    assert await running_of(ports, incident.id) == (replace(moved, version=2),)

    waiting = replace(moved, position=None, version=2)
    await saved(ports, waiting)
    assert await running_of(ports, incident.id) == (replace(waiting, version=3),)


async def test_what_a_tick_came_to_is_recorded_together(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    # The end alone may lie before what was just logged, while strangers are at work.
    (begun,) = await logged_after(ports.events, EventPosition(0, 0), count=1)
    moved = replace(a_run(), position=Position(0, 1), next_deadline=NOON + MINUTE, version=1)
    leased, waiting = a_page(1).lease(until=NOON + MINUTE), a_page(2, channel=Channel.SMS)
    skipped = EscalationStepSkipped(
        incident_id=incident.id, run_id=moved.id, round=0, step=0, reason=SkipReason.SEVERITY, detail="", at=NOON
    )
    async with ports.transaction:
        added = await ports.runs.record([moved], pages=[leased, waiting], events=[skipped])

    assert added == {leased.id, waiting.id}
    assert await running_of(ports, incident.id) == (replace(moved, version=2),)
    assert await ports.notifications.get(leased.id) == leased
    assert await ports.notifications.get(waiting.id) == waiting
    assert [each.event for each in await logged_after(ports.events, begun.position, count=1)] == [skipped]


async def test_a_page_that_is_already_there_is_not_among_those_that_a_tick_added(ports: Ports) -> None:
    await an_open_incident(ports)
    async with ports.transaction:
        await ports.notifications.add([a_page(1)])
    twin, other = replace(a_page(1), id=NotificationId(UUID(int=99))), a_page(2)
    async with ports.transaction:
        assert await ports.runs.record([], pages=[twin, other], events=[]) == {other.id}
    with pytest.raises(NotFoundError):
        await ports.notifications.get(twin.id)


async def test_a_run_that_has_ended_is_neither_due_nor_running(ports: Ports) -> None:
    incident, other = await an_open_incident(ports, 1), await an_open_incident(ports, 2)
    exhausted = replace(a_run(2), status=RunStatus.EXHAUSTED, position=None, next_deadline=None, version=1)
    await saved(ports, replace(a_run(1), version=1).stop(), exhausted)

    assert await running_of(ports, incident.id, other.id) == ()
    assert await ports.runs.earliest_deadline() is None
    async with ports.transaction:
        assert await ports.runs.claim_due(at=NOON + MINUTE, limit=5) == ()


async def test_the_runs_at_work_are_those_of_the_named_incidents(ports: Ports) -> None:
    first, second = await an_open_incident(ports, 1), await an_open_incident(ports, 2)
    await an_open_incident(ports, 3)

    assert [run.id for run in await running_of(ports, second.id, first.id)] == [a_run(1).id, a_run(2).id]
    assert await running_of(ports) == ()


async def test_the_earliest_deadline_is_that_of_all_runs(ports: Ports) -> None:
    assert await ports.runs.earliest_deadline() is None
    await an_open_incident(ports, 1, at=NOON + MINUTE)
    await an_open_incident(ports, 2, at=NOON)

    assert await ports.runs.earliest_deadline() == NOON


async def test_an_open_incident_is_stalled_when_its_deadline_has_passed(ports: Ports) -> None:
    await an_open_incident(ports)

    assert await ports.runs.count_stalled(at=NOON - MINUTE) == 0
    assert await ports.runs.count_stalled(at=NOON) == 1


async def test_an_open_incident_without_a_run_is_stalled(ports: Ports) -> None:
    await an_open_incident(ports, escalates=False)

    assert await ports.runs.count_stalled(at=NOON - MINUTE) == 0  # it was not there yet
    assert await ports.runs.count_stalled(at=NOON) == 1


async def test_a_stopped_run_does_not_excuse_an_incident_that_nobody_answered(ports: Ports) -> None:
    await an_open_incident(ports)
    await saved(ports, replace(a_run(), version=1).stop())

    assert await ports.runs.count_stalled(at=NOON) == 1


async def test_a_run_that_is_added_is_at_work(ports: Ports) -> None:
    incident = await an_open_incident(ports, escalates=False)
    run = a_run(position=Position(0, 2), policy_version=3)
    async with ports.transaction:
        await ports.runs.add([run])
        await ports.runs.add([])

    assert await running_of(ports, incident.id) == (replace(run, version=1),)
    assert await ports.runs.earliest_deadline() == NOON


async def test_of_several_runs_the_newest_says_whether_an_incident_is_stalled(ports: Ports) -> None:
    await an_open_incident(ports)
    await saved(ports, replace(a_run(), status=RunStatus.EXHAUSTED, next_deadline=None, version=1))
    assert await ports.runs.count_stalled(at=NOON) == 0

    async with ports.transaction:
        await ports.runs.add([a_run(2)])
    assert await ports.runs.count_stalled(at=NOON - MINUTE) == 0
    assert await ports.runs.count_stalled(at=NOON) == 1
    await saved(ports, replace(a_run(2), version=1).stop())
    assert await ports.runs.count_stalled(at=NOON) == 1


async def test_turns_are_taken_one_after_the_other_for_each_step(ports: Ports) -> None:
    first, second, other = StepKey(LADDER, 0), StepKey(LADDER, 1), StepKey(LOOP, 0)
    async with ports.transaction:
        assert await ports.step_turns.take({first: 3, other: 1}) == {first: 0, other: 0}
        assert await ports.step_turns.take({second: 1, first: 1}) == {second: 0, first: 3}
    async with ports.transaction:
        assert await ports.step_turns.take({first: 1}) == {first: 4}


async def test_whose_turn_is_next_can_be_asked_without_taking_it(ports: Ports) -> None:
    first, second, other = StepKey(LADDER, 0), StepKey(LADDER, 1), StepKey(LOOP, 0)
    async with ports.transaction:
        await ports.step_turns.take({first: 3, second: 1})

    assert await ports.step_turns.upcoming({first, other}) == {first: 3, other: 0}
    assert await ports.step_turns.upcoming({first}) == {first: 3}
    assert await ports.step_turns.upcoming(()) == {}


async def test_a_turn_of_a_transaction_that_was_undone_was_not_taken(ports: Ports) -> None:
    key = StepKey(LADDER, 0)
    with pytest.raises(RuntimeError):  # noqa: PT012  # the error comes after the taking
        async with ports.transaction:
            await ports.step_turns.take({key: 5})
            raise RuntimeError
    async with ports.transaction:
        assert await ports.step_turns.take({key: 1}) == {key: 0}


async def test_an_incident_that_is_exhausted_or_answered_is_not_stalled(ports: Ports) -> None:
    await an_open_incident(ports, 1)
    answered = await an_open_incident(ports, 2, escalates=False)
    await saved(ports, replace(a_run(1), status=RunStatus.EXHAUSTED, next_deadline=None, version=1))
    async with ports.transaction:
        await ports.incidents.save(answered.acknowledge(by=ADA, via=Via.API, at=NOON))

    assert await ports.runs.count_stalled(at=NOON + MINUTE) == 0


async def test_every_version_of_a_policy_is_kept_as_it_was(ports: Ports) -> None:
    first, other = a_town().policies
    second = a_policy(a_step(delay=MINUTE), repeats=3, version=1)
    async with ports.transaction:
        await ports.policies.save(second)

    versions = await ports.policy_versions.get_many({(LADDER, 1), (LADDER, 2), (LOOP, 1), (LOOP, 7)})
    assert versions == {
        (LADDER, 1): replace(first, version=1),
        (LADDER, 2): replace(second, version=2),
        (LOOP, 1): replace(other, version=1),
    }
    assert await ports.policy_versions.get_many(set()) == {}


async def test_new_runs_are_there_as_they_began_and_are_at_work(ports: Ports) -> None:
    incident = await an_open_incident(ports, escalates=False)
    begun = replace(a_run(), position=Position(0, 1), next_deadline=NOON + MINUTE)
    async with ports.transaction:
        await ports.runs.add((begun,))
        await ports.runs.add(())

    assert await running_of(ports, incident.id) == (replace(begun, version=1),)


async def test_the_newest_run_of_an_incident_is_the_one_that_began_last(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    later = replace(a_run(5), next_deadline=NOON + MINUTE, started_at=NOON + MINUTE)
    earlier = replace(a_run(9), next_deadline=NOON - MINUTE, started_at=NOON - MINUTE)
    async with ports.transaction:
        await ports.runs.add((later, earlier))
        newest = await ports.runs.newest_of(incident.id)
        none = await ports.runs.newest_of(IncidentId(ADA))

    assert newest == replace(later, version=1)
    assert none is None


async def test_all_runs_of_an_incident_come_oldest_first(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    await an_open_incident(ports, 2)
    later, earlier = a_run(8, at=NOON + MINUTE), a_run(9, at=NOON - MINUTE)
    async with ports.transaction:
        await ports.runs.add((later, earlier))

    runs = await ports.runs.of_incident(incident.id)
    assert [run.id for run in runs] == [earlier.id, a_run(1).id, later.id]
    assert runs[0] == replace(earlier, version=1)


async def test_an_earlier_run_that_was_exhausted_does_not_excuse_an_incident(ports: Ports) -> None:
    await an_open_incident(ports)
    await saved(ports, replace(a_run(1), status=RunStatus.EXHAUSTED, next_deadline=None, version=1))
    async with ports.transaction:
        await ports.runs.add((replace(a_run(2), started_at=NOON + MINUTE, next_deadline=NOON + MINUTE),))

    assert await ports.runs.count_stalled(at=NOON) == 0
    assert await ports.runs.count_stalled(at=NOON + MINUTE) == 1


async def test_an_incident_is_stalled_when_a_deadline_of_its_own_has_passed(ports: Ports) -> None:
    incident = await an_open_incident(ports, escalates=False)
    async with ports.transaction:
        await ports.incidents.save(incident.snooze(until=NOON + MINUTE, by=ADA, via=Via.API, at=NOON))

    assert await ports.runs.count_stalled(at=NOON) == 0
    assert await ports.runs.count_stalled(at=NOON + MINUTE) == 1


async def test_what_pages_for_an_incident_is_its_services_policy_or_the_one_it_was_reassigned_to(ports: Ports) -> None:
    first, second = await an_open_incident(ports, 1), await an_open_incident(ports, 2)
    async with ports.transaction:
        change = second.reassign(run_id=a_run().id, policy_id=LOOP, by=ADA, via=Via.API, at=NOON)
        await ports.incidents.save(change)
        await ports.policies.save(a_policy(a_step(delay=MINUTE), version=1))
        policies = await ports.policy_versions.newest_for({first.id, second.id})

    assert {key: (policy.id, policy.version) for key, policy in policies.items()} == {
        first.id: (LADDER, 2),
        second.id: (LOOP, 1),
    }


async def test_an_incident_whose_policy_is_no_more_is_paged_by_its_services_policy(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    spare = a_policy(policy_id=PolicyId(UUID(int=33)))
    async with ports.transaction:
        await ports.policies.save(spare)
        change = incident.reassign(run_id=a_run().id, policy_id=spare.id, by=ADA, via=Via.API, at=NOON)
        await ports.incidents.save(change)
        assert (await ports.policies.uses_of(spare.id)).open_incidents == 1
        await ports.policies.delete(spare.id)
        policies = await ports.policy_versions.newest_for({incident.id})

    assert policies[incident.id].id == LADDER


async def test_stalled_incidents_are_listed_oldest_first_once_they_are_there(ports: Ports) -> None:
    first = await an_open_incident(ports, 1)
    second = await an_open_incident(ports, 2, at=NOON + MINUTE, escalates=False)
    looked_after = await an_open_incident(ports, 3)
    await saved(ports, replace(a_run(3, incident=3), next_deadline=NOON + 9 * MINUTE, version=1))
    exhausted = await an_open_incident(ports, 4)
    await saved(ports, replace(a_run(4, incident=4), status=RunStatus.EXHAUSTED, next_deadline=None, version=1))
    assert looked_after.id != exhausted.id

    assert await stalled(ports, NOON - MINUTE) == []
    assert await stalled(ports, NOON) == [first.id]
    assert await stalled(ports, NOON + MINUTE) == [first.id, second.id]


async def test_what_is_listed_as_stalled_is_exactly_what_is_counted(ports: Ports) -> None:
    of_old_run = await an_open_incident(ports, 1)
    await saved(ports, replace(a_run(1), status=RunStatus.EXHAUSTED, next_deadline=None, version=1))
    snoozed = await an_open_incident(ports, 2)
    async with ports.transaction:
        await ports.runs.add([a_run(3)])
        await ports.incidents.save(snoozed.snooze(until=NOON + 2 * MINUTE, by=ADA, via=Via.API, at=NOON))

    for minutes, expected in ((-1, []), (1, [of_old_run.id]), (2, [of_old_run.id, snoozed.id])):
        at = NOON + minutes * MINUTE
        assert await stalled(ports, at) == expected
        assert await ports.runs.count_stalled(at=at) == len(expected)


async def stalled(ports: Ports, at: datetime) -> list[IncidentId]:
    query = IncidentQuery(filter=IncidentFilter(stalled_at=at), oldest_first=True)
    return [each.id for each in (await ports.incident_reader.list(query)).items]
