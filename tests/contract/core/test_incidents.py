"""The promises of `IncidentRepository`, kept by every adapter of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.change import Change
from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.ids import IncidentId, RunId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.contract.core.storing import an_open_incident, held
from tests.support.builders import ADA, BEN, CAT, LOOP, MINUTE, NOON, a_draft
from tests.support.world import Ports

NOBODYS = IncidentId(UUID(int=404))


async def test_an_incident_is_read_as_it_was_opened(ports: Ports) -> None:
    stored = await an_open_incident(ports)

    opened = Incident.trigger(a_draft(), number=stored.number, via=Via.SENDER).state
    assert stored == replace(opened, version=1)


async def test_a_change_is_read_as_it_was_saved(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    async with ports.transaction:
        change = incident.acknowledge(by=ADA, via=Via.API, at=NOON + MINUTE)
        saved = await ports.incidents.save(change)

    assert saved == replace(change.state, version=2)
    assert await held(ports, incident.id) == saved


async def test_saving_appends_the_events_in_order(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    acknowledged = incident.acknowledge(by=ADA, via=Via.API, at=NOON + MINUTE)
    noted = acknowledged.state.annotate("looking", by=ADA, via=Via.API, at=NOON + MINUTE)
    async with ports.transaction:
        await ports.incidents.save(Change(noted.state, acknowledged.events + noted.events))

    logged = await ports.events.of_incident(incident.id, limit=10)
    assert tuple(each.event for each in logged)[1:] == acknowledged.events + noted.events


async def test_a_change_without_events_stores_nothing(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    async with ports.transaction:
        changed = replace(incident, status=IncidentStatus.RESOLVED)
        assert await ports.incidents.save(Change(changed)) == changed

    assert await held(ports, incident.id) == incident


async def test_a_change_of_what_was_saved_since_is_refused_and_leaves_no_event(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    change = incident.acknowledge(by=ADA, via=Via.API, at=NOON + MINUTE)
    async with ports.transaction:
        await ports.incidents.save(change)

    async def save_again() -> None:
        async with ports.transaction:
            await ports.incidents.save(change)

    with pytest.raises(ConflictError):
        await save_again()
    assert len(await ports.events.of_incident(incident.id, limit=10)) == 2


async def test_a_change_in_a_transaction_that_fails_never_was(ports: Ports) -> None:
    incident = await an_open_incident(ports)

    async def save_and_crash() -> None:
        async with ports.transaction:
            await ports.incidents.save(incident.acknowledge(by=ADA, via=Via.API, at=NOON + MINUTE))
            raise RuntimeError("crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        await save_and_crash()
    assert await held(ports, incident.id) == incident
    assert len(await ports.events.of_incident(incident.id, limit=10)) == 1


async def test_many_are_those_that_exist_by_id(ports: Ports) -> None:
    second, first = await an_open_incident(ports, 2), await an_open_incident(ports, 1)
    async with ports.transaction:
        assert await ports.incidents.get_many({second.id, NOBODYS, first.id}) == (first, second)
        assert await ports.incidents.get_many(set()) == ()


async def test_an_incident_is_found_by_its_number(ports: Ports) -> None:
    incident = await an_open_incident(ports)

    assert await ports.incidents.id_of_number(incident.number) == incident.id


async def test_what_does_not_exist_is_not_found(ports: Ports) -> None:
    with pytest.raises(NotFoundError):
        await held(ports, NOBODYS)
    with pytest.raises(NotFoundError):
        await ports.incidents.id_of_number(404)


async def test_every_act_is_read_as_it_was_saved(ports: Ports) -> None:
    """Whatever an act changes is stored, so that no later one is decided on something else (P8)."""
    incident = await an_open_incident(ports)
    run_id = RunId(UUID(int=7))
    acts: tuple[Callable[[Incident], Change[Incident]], ...] = (
        lambda each: each.acknowledge(by=ADA, via=Via.API, at=NOON, timeout=MINUTE),
        lambda each: each.snooze(until=NOON + 9 * MINUTE, by=BEN, via=Via.API, at=NOON),
        lambda each: each.ask_responders((BEN, CAT), run_id=run_id, by=ADA, via=Via.API, at=NOON),
        lambda each: each.accept(by=CAT, via=Via.API, at=NOON),
        lambda each: each.reassign(run_id=run_id, policy_id=LOOP, by=ADA, via=Via.API, at=NOON),
        lambda each: each.change_severity(
            Severity.SEV5, urgency=Urgency.LOW, rises_at=NOON + MINUTE, by=ADA, via=Via.API, at=NOON
        ),
        lambda each: each.retitle("it is the disk", by=ADA, via=Via.API, at=NOON),
        lambda each: each.resolve(by=ADA, via=Via.API, at=NOON),
        lambda each: each.reopen(by=ADA, via=Via.API, at=NOON),
    )
    for act in acts:
        change = act(incident)
        async with ports.transaction:
            incident = await ports.incidents.save(change)
        assert incident == replace(change.state, version=change.state.version + 1)
        assert await held(ports, incident.id) == incident


async def test_several_changes_are_saved_in_their_order_and_those_without_events_are_left_out(ports: Ports) -> None:
    first, second = await an_open_incident(ports, 1), await an_open_incident(ports, 2)
    async with ports.transaction:
        saved = await ports.incidents.save_all(
            (Change(second), first.acknowledge(by=ADA, via=Via.API, at=NOON + MINUTE))
        )
        assert await ports.incidents.save_all(()) == ()

    assert [each.id for each in saved] == [second.id, first.id]
    assert saved[0] == second == await held(ports, second.id)
    assert saved[1] == await held(ports, first.id)
    assert saved[1].status is IncidentStatus.ACKNOWLEDGED


async def test_of_several_changes_one_that_comes_too_late_undoes_all(ports: Ports) -> None:
    first, second = await an_open_incident(ports, 1), await an_open_incident(ports, 2)
    changes = [each.acknowledge(by=ADA, via=Via.API, at=NOON + MINUTE) for each in (first, second)]
    async with ports.transaction:
        await ports.incidents.save(changes[1])

    async def save_both() -> None:
        async with ports.transaction:
            await ports.incidents.save_all(changes)

    with pytest.raises(ConflictError):
        await save_both()
    assert await held(ports, first.id) == first


async def snoozed(ports: Ports, number: int, until: datetime) -> Incident:
    incident = await an_open_incident(ports, number)
    async with ports.transaction:
        return await ports.incidents.save(incident.snooze(until=until, by=ADA, via=Via.API, at=NOON))


async def test_incidents_are_due_at_their_deadlines_earliest_first_and_at_most_as_many_as_wanted(ports: Ports) -> None:
    await an_open_incident(ports, 1)
    later, sooner = await snoozed(ports, 2, NOON + 2 * MINUTE), await snoozed(ports, 3, NOON + MINUTE)

    assert await ports.incidents.earliest_deadline() == NOON + MINUTE
    async with ports.transaction:
        assert await ports.incidents.claim_due(at=NOON + MINUTE - timedelta.resolution, limit=5) == ()
        assert await ports.incidents.claim_due(at=NOON + MINUTE, limit=5) == (sooner,)
        assert await ports.incidents.claim_due(at=NOON + 2 * MINUTE, limit=5) == (sooner, later)
        assert await ports.incidents.claim_due(at=NOON + 2 * MINUTE, limit=1) == (sooner,)


async def test_nothing_is_due_when_nothing_has_a_deadline(ports: Ports) -> None:
    await an_open_incident(ports)

    assert await ports.incidents.earliest_deadline() is None


async def test_a_group_has_one_open_incident_and_a_second_one_cannot_be_opened(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    async with ports.transaction:
        over = await ports.incidents.save(incident.resolve(by=ADA, via=Via.API, at=NOON))
        assert await ports.incidents.open_one(incident.service_id, incident.group_key) is None
    again = replace(a_draft(9), group_key=incident.group_key)
    async with ports.transaction:
        await ports.intake.open_incidents((again,))
        found = await ports.incidents.open_one(incident.service_id, incident.group_key)
        assert found is not None
        assert found.id == again.id

    async def reopen() -> None:
        async with ports.transaction:
            await ports.incidents.save(over.reopen(by=ADA, via=Via.API, at=NOON))

    with pytest.raises(ConflictError):
        await reopen()
    assert await held(ports, over.id) == over


async def an_over(ports: Ports, number: int, *, minute: int) -> Incident:
    """An incident of one group with others, which was resolved in that minute."""
    draft = replace(a_draft(number), group_key="rack")
    async with ports.transaction:
        await ports.intake.open_incidents((draft,))
        incident = await ports.incidents.get(draft.id)
        return await ports.incidents.save(incident.resolve(by=None, via=Via.SENDER, at=NOON + minute * MINUTE))


async def reopenable(ports: Ports, *, since: int) -> list[Incident]:
    """Of those groups, from that minute on."""
    groups = ("rack", "group 3", "nothing")
    async with ports.transaction:
        found = await ports.incidents.reopenable(
            {(a_draft().service_id, group): NOON + since * MINUTE for group in groups}, at=NOON + 10 * MINUTE
        )
    return list(found)


async def test_of_each_group_the_incident_that_was_resolved_last_can_be_reopened(ports: Ports) -> None:
    before = await an_over(ports, 1, minute=4)
    last = await an_over(ports, 2, minute=6)
    await an_open_incident(ports, 3)

    assert [await reopenable(ports, since=minute) for minute in (3, 6, 7)] == [[last], [last], []]
    async with ports.transaction:
        assert await ports.incidents.reopenable({}, at=NOON) == ()
        await ports.incidents.save(last.reopen(by=None, via=Via.SYSTEM, at=NOON + 7 * MINUTE))
    assert await reopenable(ports, since=3) == [before]


async def test_an_incident_that_was_begun_is_taken_back_and_its_group_is_free_for_the_one_before(ports: Ports) -> None:
    over = await an_over(ports, 1, minute=4)
    begun, kept = replace(a_draft(2), group_key="rack"), a_draft(3)
    async with ports.transaction:
        opened = await ports.intake.open_incidents((begun, kept))
        await ports.intake.withdraw_incidents([opened[begun.service_id, "rack"].incident_id])
        await ports.incidents.save(over.reopen(by=None, via=Via.SYSTEM, at=NOON + 5 * MINUTE))
    async with ports.transaction:
        found = await ports.incidents.get_many([over.id, begun.id, kept.id])
    assert [each.id for each in found] == [kept.id, over.id]


async def test_what_is_followed_or_past_its_window_is_reopened_by_no_alert(ports: Ports) -> None:
    window = GroupWindow(kind=WindowKind.FIXED, seconds=600)
    first, follower = (
        replace(a_draft(number, at=NOON + at * MINUTE), group_key="rack", group_window=window)
        for number, at in ((1, -20), (2, -5))
    )
    async with ports.transaction:
        await ports.intake.open_incidents((first,))
        await ports.intake.open_incidents((follower,))
        for draft, minute in ((follower, 1), (first, 2)):  # the one that is followed is resolved last
            incident = await ports.incidents.get(draft.id)
            await ports.incidents.save(incident.resolve(by=None, via=Via.SENDER, at=NOON + minute * MINUTE))

    async with ports.transaction:
        group = {(first.service_id, "rack"): NOON}
        in_time, too_late = [await ports.incidents.reopenable(group, at=NOON + at * MINUTE) for at in (4, 5)]
    assert ([each.id for each in in_time], too_late) == ([follower.id], ())


async def test_what_is_followed_can_be_reopened_beside_its_follower(ports: Ports) -> None:
    window = GroupWindow(kind=WindowKind.FIXED, seconds=600)
    first = replace(a_draft(1), group_window=window)
    async with ports.transaction:
        await ports.intake.open_incidents((first,))
        await ports.intake.open_incidents((replace(a_draft(2, at=NOON + 10 * MINUTE), group_key=first.group_key),))
        incident = await ports.incidents.get(first.id)
        over = await ports.incidents.save(incident.resolve(by=ADA, via=Via.API, at=NOON + 11 * MINUTE))
        again = await ports.incidents.save(over.reopen(by=ADA, via=Via.API, at=NOON + 12 * MINUTE))
        found = await ports.incidents.open_one(first.service_id, first.group_key)

    assert (again.is_open, again.followed_by, again.group_key) == (True, a_draft(2).id, first.group_key)
    assert found is not None
    assert found.id == a_draft(2).id
