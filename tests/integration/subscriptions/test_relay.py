"""The worker's relay and courier over PostgreSQL, with a receiver on loopback: also when a worker dies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from dishka import AsyncContainer

from adapters.outbound.postgres.session import Pool
from application.ports.event_deliveries import DeliveryQuery, EventDeliveries
from application.ports.ids import IdFactory
from application.subscription.create_subscription import CreateSubscription, IssuedSubscription
from application.subscription.lease_events import LeaseEvents
from application.subscription.ping_subscription import PingSubscription
from application.subscription.relay_events import RelayEvents
from application.subscription.send_events import SendEvents
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.shared.ids import UserId
from domain.subscription.delivery import DeliveryStatus, EventDelivery
from domain.subscription.subscription import SubscriptionKind
from entrypoints.container import production_container
from entrypoints.relay import relay
from entrypoints.settings import Settings
from tests.support.receiver import Receiver, is_signed, receiver


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def container(clean_database: str, server: Receiver) -> AsyncIterator[AsyncContainer]:
    settings = Settings(
        database_url=clean_database,
        secret_key="a key that only tests have, ever",
        outgoing_networks="127.0.0.0/8",
        outgoing_ports=f"443,{server.port}",
    )
    made = production_container(settings)
    yield made
    await made.close()


async def an_admin(container: AsyncContainer) -> Actor:
    user_id = UserId((await container.get(IdFactory)).new())
    return Actor(user_id=user_id, role=Role.ADMIN)


async def a_webhook(container: AsyncContainer, server: Receiver, admin: Actor) -> IssuedSubscription:
    async with container() as request:
        create: CreateSubscription = await request.get(CreateSubscription)
        return await create(team_id=None, name="Chat", kind=SubscriptionKind.WEBHOOK, address=server.url, actor=admin)


async def pinged(container: AsyncContainer, issued: IssuedSubscription, admin: Actor) -> None:
    async with container() as request:
        await (await request.get(PingSubscription))(issued.subscription.id, actor=admin)


async def deliveries(container: AsyncContainer, issued: IssuedSubscription) -> tuple[EventDelivery, ...]:
    async with container() as request:
        stored: EventDeliveries = await request.get(EventDeliveries)
        return (await stored.list(DeliveryQuery(subscription_id=issued.subscription.id))).items


async def wait_until(is_so: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(400):
        if await is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about within 20 s")


async def while_working(container: AsyncContainer, until: Callable[[], Awaitable[bool]]) -> None:
    draining = asyncio.Event()
    work = asyncio.create_task(relay(container, draining))
    await wait_until(until)
    draining.set()
    await work


async def test_a_test_event_arrives_by_the_way_of_all_others(container: AsyncContainer, server: Receiver) -> None:
    admin = await an_admin(container)
    issued = await a_webhook(container, server, admin)
    await pinged(container, issued, admin)

    async def is_delivered() -> bool:
        return [each.status for each in await deliveries(container, issued)] == [DeliveryStatus.DELIVERED]

    await while_working(container, is_delivered)
    (received,) = server.received
    assert issued.secret is not None
    assert is_signed(received, issued.secret)
    assert b'"subscription.pinged"' in received.body


async def test_a_worker_that_dies_between_sending_and_settling_leaves_a_labelled_repeat_and_nothing_is_lost(
    container: AsyncContainer, server: Receiver
) -> None:
    admin = await an_admin(container)
    issued = await a_webhook(container, server, admin)
    await pinged(container, issued, admin)

    async def relayed() -> bool:
        async with container() as request:  # readers wait for every older transaction, also those of strangers
            await (await request.get(RelayEvents))()
        return bool(await deliveries(container, issued))

    await wait_until(relayed)
    async with container() as request:
        leased = await (await request.get(LeaseEvents))(limit=10)
        await (await request.get(SendEvents))(leased)  # and dies
    pool = await container.get(Pool)
    await pool.execute("UPDATE subscription_lanes SET next_deadline = now()")  # a minute later

    async def is_delivered() -> bool:
        return [each.status for each in await deliveries(container, issued)] == [DeliveryStatus.DELIVERED]

    await while_working(container, is_delivered)
    first, second = server.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [each.headers["tocsin-may-be-repeat"] for each in (first, second)] == ["false", "true"]
    assert [each.headers["tocsin-attempt"] for each in (first, second)] == ["1", "2"]
