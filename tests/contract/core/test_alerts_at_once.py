"""Two batches that begin one alert in the same moment: it is one, and whatever is told of it names it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
from dishka import AsyncContainer

from application.alert.explain import ExplainEvent
from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.alert.verdict import Verdict, VerdictOutcome
from application.inhibition.create import CreateInhibition
from application.ports.intake import RawEvent
from application.ports.readers import IncidentQuery, OldestFirst
from domain.alert.alert import Alert
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.identity.role import Role
from domain.routing.inhibition import InhibitionKey
from domain.routing.matcher import parse_matchers
from domain.shared.ids import AlertId
from tests.support.at_once import SOON, Turnstile, containers_over
from tests.support.builders import ADA, CREW, NOON, SHOP_PROBES, a_town, an_actor, an_event
from tests.support.world import Ports, Trap, received

pytestmark = pytest.mark.postgres

ADMIN = an_actor(ADA, Role.ADMIN)
DOWN = {"alertname": "HostDown", "host": "a"}
HOLD = "SELECT FROM alerts WHERE dedup_key = $1 FOR UPDATE"


@pytest.fixture
async def processes(clean_database: str) -> AsyncIterator[tuple[AsyncContainer, AsyncContainer, Turnstile]]:
    turnstile = Turnstile()
    async with containers_over(clean_database) as new_container:
        second = new_container(Trap())
        async with second() as scope:
            await (await scope.get(Ports)).settle_in(a_town())
        yield new_container(turnstile), second, turnstile


async def receive(container: AsyncContainer, number: int, *, group_key: str = "rack") -> None:
    """The same report, in a body of its own."""
    raw = RawEvent(id=UUID(int=number), integration_id=SHOP_PROBES, received_at=NOON, format="native", body=b"{}")
    async with container() as scope:
        plain = await received(await scope.get(Ports), SHOP_PROBES, an_event("down", labels=DOWN, group_key=group_key))
        await (await scope.get(IngestEvents))([ReceivedEvent(plain.target, plain.event, raw, raw.id)])


async def ingested(container: AsyncContainer, *events: AlertEvent) -> None:
    async with container() as scope:
        ports = await scope.get(Ports)
        batch = [await received(ports, SHOP_PROBES, each) for each in events]
        await (await scope.get(IngestEvents))(batch)


async def verdict(container: AsyncContainer, number: int) -> Verdict:
    async with container() as scope:
        explained = await (await scope.get(ExplainEvent))(UUID(int=number), actor=ADMIN)
    (found,) = explained.stored.raw.verdicts
    return found


async def alerts(container: AsyncContainer, of: Verdict) -> tuple[Alert, ...]:
    assert of.incident_id is not None
    async with container() as scope:
        ports = await scope.get(Ports)
        return (await ports.incident_reader.alerts(of.incident_id, OldestFirst())).items


async def inhibited_by(container: AsyncContainer, key: InhibitionKey, cleared: AlertId) -> tuple[bool, bool]:
    """Whether the rule has a source, and whether it still has one when the alert has cleared."""
    async with container() as scope:
        ports = await scope.get(Ports)
        async with ports.transaction:
            before = await ports.inhibition_sources.keys_of(key.inhibition_id)
            await ports.inhibition_sources.take_cleared({cleared})
            return key in before, key in await ports.inhibition_sources.keys_of(key.inhibition_id)


async def told_of(container: AsyncContainer, of: Verdict) -> set[AlertId]:
    """Which alerts the events of an incident name."""
    assert of.incident_id is not None
    async with container() as scope:
        logged = await (await scope.get(Ports)).events.of_incident(of.incident_id, limit=100)
    named = (getattr(each.event, "alert_id", None) for each in logged)
    return {each for each in named if each is not None}


async def test_two_batches_that_begin_one_alert_at_once_are_both_told_of_the_one_that_is_stored(
    processes: tuple[AsyncContainer, AsyncContainer, Turnstile],
) -> None:
    first, second, turnstile = processes
    async with second() as scope:
        rule = await (await scope.get(CreateInhibition))(
            team_id=CREW,
            name="host down",
            source=parse_matchers('alertname="HostDown"'),
            target=parse_matchers('alertname="Slow"'),
            equal=("host",),
            actor=ADMIN,
        )
    begun = asyncio.create_task(receive(first, 1))
    await turnstile.reached.wait()
    repeated = asyncio.create_task(receive(second, 2))
    await asyncio.wait([repeated], timeout=SOON)
    turnstile.opened.set()
    await asyncio.gather(begun, repeated)

    winner, loser = await verdict(second, 1), await verdict(second, 2)
    (alert,) = await alerts(second, winner)
    assert alert.occurrences == 2
    assert (winner.outcome, loser.outcome) == (VerdictOutcome.OPENED, VerdictOutcome.REPEATED)
    assert (winner.alert_id, loser.alert_id) == (alert.id, alert.id)
    assert loser.incident_id == winner.incident_id
    assert await inhibited_by(second, rule.key_of(DOWN), alert.id) == (True, False)
    assert await told_of(second, winner) == {alert.id}


async def test_a_batch_that_would_begin_an_alert_in_another_group_only_repeats_it(
    processes: tuple[AsyncContainer, AsyncContainer, Turnstile],
) -> None:
    first, second, turnstile = processes
    begun = asyncio.create_task(receive(first, 1, group_key="rack"))
    await turnstile.reached.wait()
    elsewhere = asyncio.create_task(receive(second, 2, group_key="row"))
    await asyncio.wait([elsewhere], timeout=SOON)
    turnstile.opened.set()
    await asyncio.gather(begun, elsewhere)

    winner, again = await verdict(second, 1), await verdict(second, 2)
    assert (again.outcome, again.incident_id) == (VerdictOutcome.REPEATED, winner.incident_id)
    async with second() as scope:
        listed = await (await scope.get(Ports)).incident_reader.list(IncidentQuery())
    assert [each.id for each in listed.items] == [winner.incident_id]


async def test_a_batch_that_waits_in_a_circle_with_another_is_done_anew(
    processes: tuple[AsyncContainer, AsyncContainer, Turnstile], clean_database: str
) -> None:
    """It counts one alert and then clears another; somebody holds that one, and asks for the first."""
    _, process, _ = processes
    one, other = an_event("one"), an_event("other")
    await ingested(process, one, other)
    somebody = await asyncpg.connect(clean_database)
    try:
        async with somebody.transaction():
            await somebody.execute(HOLD, "other")
            batch = asyncio.create_task(ingested(process, one, replace(other, action=AlertAction.RESOLVE)))
            await asyncio.wait([batch], timeout=SOON)
            await somebody.execute(HOLD, "one")
        await batch
        rows = await somebody.fetch("SELECT dedup_key, status, occurrences FROM alerts ORDER BY dedup_key")
    finally:
        await somebody.close()

    assert [tuple(row) for row in rows] == [("one", "firing", 2), ("other", "cleared", 1)]
