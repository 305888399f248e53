"""What `ReceivedReader` promises."""

from datetime import datetime, timedelta
from uuid import UUID

from application.ports.intake import DeadLetter, RawEvent
from application.ports.received import Received
from domain.shared.ids import IntegrationId
from tests.contract.config.building import a_stored_service, an_integration
from tests.contract.config.conftest import Store
from tests.support.oncall import utc

NOON = utc("2026-11-23 12:00")


async def test_the_last_bodies_are_there_newest_first_whether_taken_or_set_aside(store: Store) -> None:
    service = await a_stored_service(store)
    async with store.transaction:
        ours = (await store.integrations.save(an_integration(service, key="ours"))).id
        other = (await store.integrations.save(an_integration(service, key="other"))).id
        await store.intake.record(alerts=(), runs=(), events=(), raw_events=[raw(1, ours), raw(3, ours), raw(4, other)])
        await store.intake.set_aside([letter(2, ours), letter(5, other)])

    assert await store.received.last(ours, most=10, body_bytes=4) == (
        Received(id=UUID(int=3), received_at=at(3), format="json", size_bytes=6, body=b"body"),
        Received(id=UUID(int=2), received_at=at(2), format="http", size_bytes=7, body=b"lett", refusal="why"),
        Received(id=UUID(int=1), received_at=at(1), format="json", size_bytes=6, body=b"body"),
    )
    assert [each.id.int for each in await store.received.last(ours, most=2, body_bytes=0)] == [3, 2]


async def test_of_one_instant_the_later_id_is_the_newer(store: Store) -> None:
    service = await a_stored_service(store)
    async with store.transaction:
        ours = (await store.integrations.save(an_integration(service))).id
        raw_events = [raw(number, ours, minute=0) for number in (2, 1)]
        await store.intake.record(alerts=(), runs=(), events=(), raw_events=raw_events)
        await store.intake.set_aside([letter(3, ours, minute=0)])
    assert [each.id.int for each in await store.received.last(ours, most=5, body_bytes=0)] == [3, 2, 1]


async def test_nothing_came_to_an_integration_that_is_not_there(store: Store) -> None:
    assert await store.received.last(IntegrationId(UUID(int=404)), most=5, body_bytes=5) == ()


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def raw(number: int, integration_id: IntegrationId, minute: int | None = None) -> RawEvent:
    return RawEvent(
        id=UUID(int=number),
        integration_id=integration_id,
        received_at=at(number if minute is None else minute),
        format="json",
        body=b"body %d" % number,
    )


def letter(number: int, integration_id: IntegrationId, minute: int | None = None) -> DeadLetter:
    received_at = at(number if minute is None else minute)
    return DeadLetter(UUID(int=number), integration_id, received_at, "http", "why", b"letter" + b"%d" % number)
