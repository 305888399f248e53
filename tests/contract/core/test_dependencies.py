"""The promises of `DependencyRepository`, kept by every adapter of it."""

from dataclasses import replace
from uuid import UUID

import pytest

from application.ports.dependencies import Broken
from application.ports.page import PageRequest
from domain.incident.incident import IncidentDraft
from domain.incident.mute import Mute, MuteKind
from domain.routing.dependency import Dependency
from domain.shared.ids import ServiceId
from domain.shared.severity import Severity
from tests.support.builders import ADA, BANK, NOON, SHOP, a_draft, a_service, an_actor
from tests.support.routing import a_dependency
from tests.support.world import Ports

MILL = ServiceId(UUID(int=43))
SEV1, SEV2, SEV3 = Severity.SEV1, Severity.SEV2, Severity.SEV3


async def needs(ports: Ports, *wanted: Dependency) -> None:
    async with ports.transaction:
        await ports.services.save(replace(a_service(MILL), version=0))
        for service_id in dict.fromkeys(each.service_id for each in wanted):
            await ports.dependencies.replace(service_id, [each for each in wanted if each.service_id == service_id])


async def opened(ports: Ports, *drafts: IncidentDraft) -> None:
    async with ports.transaction:
        await ports.intake.open_incidents(drafts)


async def test_what_services_need_is_kept_in_its_order_and_is_another_revision(ports: Ports) -> None:
    before = await ports.rulebook_source.revision()
    first, second = a_dependency(SHOP, MILL, mutes=True), a_dependency(SHOP, BANK, least_severity=SEV3)
    other = a_dependency(BANK, MILL)
    await needs(ports, first, second, other)
    assert await ports.rulebook_source.revision() != before
    assert [each.dependency for each in await ports.dependencies.of(SHOP)] == [first, second]
    assert [(each.id, each.name) for each in await ports.dependencies.of(BANK)] == [(MILL, a_service(MILL).name)]
    assert list(await ports.rulebook_source.dependencies()) == [first, second, other]
    async with ports.transaction:
        graph = await ports.dependencies.graph()
        assert list(graph.of(SHOP)) == [first, second]
        await ports.dependencies.replace(SHOP, [])
    assert await ports.dependencies.of(SHOP) == []
    assert await ports.dependencies.names({SHOP, ServiceId(UUID(int=999))}) == {SHOP: a_service(SHOP).name}


async def test_who_needs_a_service_is_listed_by_name_in_pages(ports: Ports) -> None:
    shop, bank = a_dependency(SHOP, MILL, mutes=True), a_dependency(BANK, MILL, least_severity=SEV1)
    await needs(ports, shop, bank)
    first = await ports.dependencies.dependents(MILL, PageRequest(limit=1))
    assert ([each.dependency for each in first.items], first.has_more) == ([shop], True)
    (last,) = first.items
    rest = await ports.dependencies.dependents(MILL, PageRequest(limit=1, after=(last.name, last.id)))
    assert ([(each.dependency, each.id) for each in rest.items], rest.has_more) == ([(bank, BANK)], False)
    assert (await ports.dependencies.dependents(SHOP, PageRequest())).items == ()


async def test_a_service_is_broken_while_an_incident_that_is_severe_enough_is_open(ports: Ports) -> None:
    one, two = a_draft(1, service_id=BANK, severity=SEV2), a_draft(2, service_id=SHOP, severity=SEV3)
    await opened(ports, one, two)
    async with ports.transaction:
        (stored,) = await ports.incidents.get_many({one.id})
    found = await ports.dependencies.broken({(BANK, SEV2), (BANK, SEV1), (SHOP, SEV2), (BANK, SEV3)})
    told = Broken(one.id, stored.number, BANK, a_service(BANK).name)
    assert found == {(BANK, SEV2): told, (BANK, SEV3): told}
    async with ports.transaction:
        await ports.incidents.save(stored.resolve(by=ADA, via=an_actor().via, at=NOON))
    assert await ports.dependencies.broken({(BANK, SEV2)}) == {}


@pytest.mark.parametrize("kind", MuteKind)
async def test_what_is_muted_itself_counts_only_when_it_waits_for_another_or_somebody_has_it(
    ports: Ports, kind: MuteKind
) -> None:
    draft = a_draft(1, service_id=BANK, severity=SEV1, muted=Mute(kind=kind, by="x", reason="r"))
    await opened(ports, draft)
    waits = kind in {MuteKind.INHIBITED, MuteKind.DEPENDENCY}
    assert bool(await ports.dependencies.broken({(BANK, SEV2)})) is waits
    async with ports.transaction:
        (stored,) = await ports.incidents.get_many({draft.id})
        await ports.incidents.save(stored.acknowledge(by=ADA, via=an_actor().via, at=NOON))
    assert bool(await ports.dependencies.broken({(BANK, SEV2)}))


async def test_an_open_incident_shows_its_nearest_causes_and_a_resolved_one_none(ports: Ports) -> None:
    await needs(ports, a_dependency(SHOP, BANK), a_dependency(BANK, MILL), a_dependency(MILL, SHOP))
    shop, far = a_draft(1, service_id=SHOP, severity=SEV1), a_draft(2, service_id=MILL, severity=SEV2)
    worse, minor = a_draft(3, service_id=MILL, severity=SEV1), a_draft(4, service_id=BANK, severity=SEV3)
    await opened(ports, shop, far, worse, minor)

    (cause,) = (await ports.incident_reader.get(shop.id)).may_be_caused_by
    assert (cause.incident_id, cause.title, cause.severity, cause.service_id) == (worse.id, worse.title, SEV1, MILL)
    assert cause.way == tuple(a_service(each).name for each in (SHOP, BANK, MILL))

    near = a_draft(5, service_id=BANK, severity=SEV2)
    await opened(ports, near)
    assert [each.incident_id for each in (await ports.incident_reader.get(shop.id)).may_be_caused_by] == [near.id]
    async with ports.transaction:
        (stored,) = await ports.incidents.get_many({shop.id})
        await ports.incidents.save(stored.resolve(by=ADA, via=an_actor().via, at=NOON))
    assert (await ports.incident_reader.get(shop.id)).may_be_caused_by == ()
