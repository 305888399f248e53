"""The promises of `InhibitionRepository` and `InhibitionSources`, kept by every adapter of them."""

from dataclasses import replace
from uuid import UUID

import pytest

from application.errors import NotFoundError
from application.ports.inhibitions import Source
from application.ports.page import PageRequest
from domain.routing.inhibition import Inhibition
from domain.shared.ids import InhibitionId, TeamId
from tests.contract.core.storing import firing
from tests.support.builders import ADA, CREW, NOON, an_alert
from tests.support.routing import an_inhibition
from tests.support.world import Ports

RULE, OTHER = an_inhibition(), an_inhibition('a=~"b|c"', "d!=e, f=g", number=2, equal=())
HERE, THERE = RULE.key_of({"host": "a"}), RULE.key_of({"host": "b"})


async def added(ports: Ports, *rules: Inhibition) -> None:
    async with ports.transaction:
        for rule in rules:
            await ports.inhibitions.add(rule)


async def test_inhibitions_are_read_as_they_were_added_listed_by_name_and_another_revision(ports: Ports) -> None:
    before = await ports.rulebook_source.revision()
    await added(ports, RULE, OTHER)
    assert await ports.rulebook_source.revision() != before
    stored = [replace(RULE, version=1), replace(OTHER, version=1)]
    assert [await ports.inhibitions.look_up(each.id) for each in stored] == stored
    assert list(await ports.rulebook_source.inhibitions()) == stored
    assert await ports.inhibitions.count() == 2

    page = await ports.inhibitions.list(PageRequest(limit=1))
    assert (list(page.items), page.has_more) == (stored[:1], True)
    rest = await ports.inhibitions.list(PageRequest(limit=1, after=(RULE.name, RULE.id)), team_id=CREW)
    assert (list(rest.items), rest.has_more) == (stored[1:], False)
    assert (await ports.inhibitions.list(PageRequest(), team_id=TeamId(ADA))).items == ()


async def test_one_that_is_removed_is_gone_with_its_sources(ports: Ports) -> None:
    await added(ports, RULE, OTHER)
    async with ports.transaction:
        await ports.inhibition_sources.add([Source(HERE, an_alert(1).id), Source(OTHER.key_of({}), an_alert(1).id)])
        await ports.inhibitions.remove(RULE.id)
        assert await ports.inhibition_sources.keys_of(RULE.id) == frozenset()
        assert await ports.inhibition_sources.keys_of(OTHER.id) == {OTHER.key_of({})}
    with pytest.raises(NotFoundError):
        await ports.inhibitions.look_up(RULE.id)
    with pytest.raises(NotFoundError):
        async with ports.transaction:
            await ports.inhibitions.remove(InhibitionId(UUID(int=1)))


async def test_a_source_is_active_while_its_alert_fires(ports: Ports) -> None:
    await added(ports, RULE)
    one, two, lost = an_alert(1), an_alert(2), an_alert(3)
    await firing(ports, one, two)
    async with ports.transaction:
        sources = ports.inhibition_sources
        await sources.add([Source(HERE, one.id), Source(THERE, lost.id)])
        assert await sources.active({HERE, THERE}) == {HERE: one.id}
        assert await sources.active({THERE}) == {}
        await ports.alerts.save_cleared([one.clear(at=NOON)])
        assert await sources.active({HERE}) == {}


async def test_what_cleared_alerts_were_the_sources_of_is_told_once(ports: Ports) -> None:
    await added(ports, RULE)
    async with ports.transaction:
        sources = ports.inhibition_sources
        await sources.add([Source(HERE, an_alert(1).id), Source(THERE, an_alert(2).id), Source(HERE, an_alert(3).id)])
        assert await sources.take_cleared({an_alert(1).id, an_alert(9).id}) == {HERE}
        assert await sources.take_cleared({an_alert(1).id}) == frozenset()
        assert await sources.keys_of(RULE.id) == {HERE, THERE}
