"""The promises of `IncidentRepository`, kept by every adapter of it."""

from dataclasses import replace
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.change import Change
from domain.shared.ids import IncidentId
from domain.shared.via import Via
from tests.contract.core.storing import an_open_incident, held
from tests.support.builders import ADA, MINUTE, NOON, a_draft
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
