"""The promises of `RoutingRepository` and `RulebookSource`, kept by every adapter of them."""

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.intake import DropCount
from application.ports.routings import Drops, RoutingVersion
from application.ports.schedule_history import NewestVersionsFirst
from domain.routing.route import ORGANISATION, Routing
from domain.routing.template import Template
from domain.shared.hours import Hours
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.builders import ADA, BANK, CREW, MINUTE, NOON, SHOP_PROBES
from tests.support.routing import a_routing, a_rule
from tests.support.world import Ports

NIGHTS = Hours(
    time_zone="Europe/Berlin",
    windows=(WeeklyWindow(starts_on=Weekday.MONDAY, starts_at=time(22), ends_on=Weekday.TUESDAY, ends_at=time(6)),),
)
EVERYTHING = a_rule(
    "everything",
    r'app="shop", env=~"prod|sta.*", "a b"!="say \"a\"", host!~""',
    hours=NIGHTS,
    goes_on=True,
    service_id=BANK,
    severity=Severity.SEV4,
    urgency=Urgency.LOW,
    group_by=("app", "env"),
    title=Template("{{labels.app}}"),
    runbook_url="https://runbooks.example/1",
    delay=timedelta(minutes=5),
    reopen_within=timedelta(hours=1),
    resolve_after=timedelta(minutes=10),
    page_again_by=("alertname",),
    is_suppressed=True,
    is_dropped=True,
)
OF_TEAM = a_routing(EVERYTHING, a_rule("rest"))
OF_INTEGRATION = a_routing(a_rule("own"), integration_id=SHOP_PROBES)
OF_ALL = Routing(rules=(a_rule("everybody"),))


async def saved(ports: Ports, routing: Routing, *, minute: int = 0) -> Routing:
    async with ports.transaction:
        return await ports.routings.save(routing, at=NOON + minute * MINUTE, by=ADA)


@pytest.mark.parametrize("routing", [OF_TEAM, OF_INTEGRATION, OF_ALL])
async def test_rules_are_read_as_they_were_saved(ports: Ports, routing: Routing) -> None:
    assert await saved(ports, routing) == replace(routing, version=1)
    assert await ports.routings.get(routing.owner_id) == RoutingVersion(replace(routing, version=1), NOON, ADA)


async def test_every_version_is_kept_and_listed_newest_first(ports: Ports) -> None:
    first = await saved(ports, OF_TEAM)
    second = await saved(ports, replace(first, rules=()), minute=1)
    third = await saved(ports, replace(second, rules=OF_TEAM.rules[:1]), minute=2)

    assert (await ports.routings.get(CREW)).routing == third
    assert (await ports.routings.get(CREW, version=1)).routing == first
    page = await ports.routings.versions(CREW, NewestVersionsFirst(limit=2))
    assert ([each.routing for each in page.items], page.has_more) == ([third, second], True)
    rest = await ports.routings.versions(CREW, NewestVersionsFirst(limit=2, before=2))
    assert ([each.routing for each in rest.items], rest.has_more) == ([first], False)
    assert (await ports.routings.versions(SHOP_PROBES, NewestVersionsFirst())).items == ()


async def test_rules_that_are_not_there_are_not_found(ports: Ports) -> None:
    with pytest.raises(NotFoundError):
        await ports.routings.get(CREW)
    await saved(ports, OF_TEAM)
    for version in (0, 2):
        with pytest.raises(NotFoundError):
            await ports.routings.get(CREW, version=version)


async def test_rules_that_were_saved_since_they_were_read_are_a_conflict(ports: Ports) -> None:
    first = await saved(ports, OF_TEAM)
    await saved(ports, first)
    for version in (0, 1, 3):
        with pytest.raises(ConflictError):
            await saved(ports, replace(OF_TEAM, version=version))


async def test_every_saving_is_another_revision_and_one_undone_is_none(ports: Ports) -> None:
    source = ports.rulebook_source
    seen = [await source.revision()]
    for routing in (OF_TEAM, OF_ALL, replace(OF_TEAM, version=1)):
        await saved(ports, routing)
        seen.append(await source.revision())
    with pytest.raises(ConflictError):
        await saved(ports, OF_TEAM)

    assert await source.revision() == seen[-1]
    assert len(set(seen)) == len(seen)
    assert await source.routing_versions() == {CREW: 2, ORGANISATION: 1}
    found = await source.routings({CREW, ORGANISATION})
    assert {each.owner_id: each for each in found} == {
        CREW: replace(OF_TEAM, version=2),
        ORGANISATION: replace(OF_ALL, version=1),
    }


async def test_what_rules_drop_adds_up_by_owner_and_name(ports: Ports) -> None:
    seen = UUID(int=7)
    batches = (
        [DropCount(CREW, "a", 2, seen), DropCount(ORGANISATION, "a", 1, None)],
        [DropCount(CREW, "a", 3, None)],
    )
    for minute, drops in enumerate(batches):
        async with ports.transaction:
            await ports.intake.count_drops(drops, at=NOON + minute * MINUTE)

    assert await ports.routings.drops(CREW) == {"a": Drops(5, NOON + MINUTE, seen)}
    assert await ports.routings.drops(ORGANISATION) == {"a": Drops(1, NOON)}
    assert await ports.routings.drops(SHOP_PROBES) == {}
