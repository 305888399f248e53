"""What is said when configuration changes, and who hears of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from time import monotonic
from uuid import UUID

import pytest

from adapters.outbound.postgres.event_log import CHANNEL, NOTIFY, Topic
from adapters.outbound.postgres.intake import PostgresIntakeStore
from adapters.outbound.postgres.listener import PostgresListener, PostgresWakeup
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from domain.notification.contact import Channel
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import Notification
from domain.shared.ids import NotificationId
from tests.support.builders import (
    ADA,
    BANK,
    BANK_PROBES,
    CREW,
    LADDER,
    MINUTE,
    NOON,
    SHOP,
    SHOP_LOGS,
    SHOP_PROBES,
    a_town,
    key_of,
)
from tests.support.world import Ports, over_postgres, ports_container

pytestmark = pytest.mark.postgres

LONG = timedelta(seconds=30)  # nothing here waits for it
SHORT = timedelta(milliseconds=200)


@pytest.fixture
async def ports(clean_database: str) -> AsyncIterator[Ports]:
    container = ports_container(over_postgres(clean_database))
    async with container() as session:
        made = await session.get(Ports)
        await made.settle_in(a_town())
        yield made
    await container.close()


@pytest.fixture
async def session(clean_database: str) -> AsyncIterator[PostgresSession]:
    pool = await create_pool(clean_database)
    yield PostgresSession(pool)
    await close_pool(pool)


@pytest.fixture
async def listener(clean_database: str) -> AsyncIterator[PostgresListener]:
    async with PostgresListener(clean_database) as listener:
        ready = listener.subscribe()
        await ready.wait(most=LONG)  # the hint that it starts with
        await ready.wait(most=LONG)
        yield listener


async def is_woken(waiter: PostgresWakeup, *, most: timedelta = LONG) -> bool:
    start = monotonic()
    await waiter.wait(most=most)
    return monotonic() - start < most.total_seconds()


async def waiting(listener: PostgresListener, topic: Topic, detail: str | None = None) -> PostgresWakeup:
    """A waiter without a hint."""
    waiter = listener.subscribe(topic, detail)
    await waiter.wait(most=LONG)
    return waiter


async def test_a_hint_wakes_those_who_wait_for_its_topic_alone(
    listener: PostgresListener, session: PostgresSession
) -> None:
    configuration, runs = await waiting(listener, Topic.CONFIGURATION), await waiting(listener, Topic.RUNS)
    async with session:
        await session.connection.execute(NOTIFY, CHANNEL, Topic.RUNS)
    assert await is_woken(runs)
    assert not await is_woken(configuration, most=SHORT)
    async with session:
        await session.connection.execute(NOTIFY, CHANNEL, Topic.CONFIGURATION)
    assert await is_woken(configuration)
    assert not await is_woken(runs, most=SHORT)


async def test_pages_that_are_added_wake_the_couriers_of_their_channels_alone(
    ports: Ports, listener: PostgresListener
) -> None:
    notice = Notice(kind=NoticeKind.SHIFT_STARTED, key="shift:1", title="You are on call", text="Shop, until 09:00.")
    text_message = Notification.of_notice(
        NotificationId(UUID(int=1)), notice, user_id=ADA, channel=Channel.SMS, address="+491700000001", at=NOON
    )
    email, sms = [await waiting(listener, Topic.NOTIFICATIONS, channel) for channel in (Channel.EMAIL, Channel.SMS)]
    async with ports.transaction:
        await ports.notifications.add([text_message])
    assert await is_woken(sms)
    assert not await is_woken(email, most=SHORT)


async def test_a_hint_that_names_no_channel_wakes_every_courier(
    listener: PostgresListener, session: PostgresSession
) -> None:
    email, sms = [await waiting(listener, Topic.NOTIFICATIONS, channel) for channel in (Channel.EMAIL, Channel.SMS)]
    async with session:
        await session.connection.execute(NOTIFY, CHANNEL, Topic.NOTIFICATIONS)
    assert await is_woken(email)
    assert await is_woken(sms)


async def test_a_waiter_knows_that_a_hint_is_there_until_it_has_waited_for_it(
    listener: PostgresListener, session: PostgresSession
) -> None:
    waiter = await waiting(listener, Topic.RUNS)
    given = [waiter.is_given]

    async with session:
        await session.connection.execute(NOTIFY, CHANNEL, Topic.RUNS)
    async with asyncio.timeout(LONG.total_seconds()):
        while not waiter.is_given:  # noqa: ASYNC110  # nothing else tells
            await asyncio.sleep(0.01)
    given.append(await is_woken(waiter))
    given.append(waiter.is_given)
    assert given == [False, True, False]


@pytest.mark.parametrize("noun", ["service", "integration", "policy", "handing over"])
async def test_saving_what_decides_an_events_way_gives_a_hint_with_the_commit(
    noun: str, ports: Ports, listener: PostgresListener
) -> None:
    # The town is there before anybody listens: its own hints would be taken for the one that is waited for.
    waiter = await waiting(listener, Topic.CONFIGURATION)
    async with ports.transaction:
        match noun:
            case "service":
                await ports.services.save(await ports.services.get(SHOP))
            case "integration":
                await ports.integrations.save(await ports.integrations.get(SHOP_PROBES))
            case "policy":
                await ports.policies.save(await ports.policies.get(LADDER))
            case _:
                await ports.integrations.hand_over(SHOP, team_id=CREW)
        assert not await is_woken(waiter, most=SHORT)
    assert await is_woken(waiter)


async def test_whoever_listens_is_woken_when_the_connection_is_lost_and_knows_that_hints_are_missing(
    listener: PostgresListener, session: PostgresSession
) -> None:
    waiter = await waiting(listener, Topic.CONFIGURATION)
    listens = [listener.is_listening]
    ended = await session.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'tocsin-listener' AND datname = current_database()"
    )
    assert len(ended) == 1
    assert await is_woken(waiter)
    listens.append(listener.is_listening)
    assert await is_woken(waiter)
    listens.append(listener.is_listening)
    assert listens == [True, False, True]


async def test_many_keys_at_once_name_what_each_of_them_names_alone(ports: Ports, session: PostgresSession) -> None:
    new, ends_at = b"new", NOON + MINUTE
    async with ports.transaction:
        rotated = (await ports.integrations.get(SHOP_PROBES)).rotate_key(new, overlap_ends_at=ends_at)
        await ports.integrations.save(rotated)
        # Its old key is another's present one: that one's word counts.
        other = (await ports.integrations.get(SHOP_LOGS)).rotate_key(b"logs", overlap_ends_at=ends_at)
        await ports.integrations.save(other)
        bank = (await ports.integrations.get(BANK_PROBES)).rotate_key(key_of(SHOP_LOGS), overlap_ends_at=ends_at)
        await ports.integrations.save(bank)
    store = PostgresIntakeStore(session)
    keys = [new, b"logs", b"nobody's", *map(key_of, (SHOP_PROBES, SHOP_LOGS, BANK_PROBES))]
    for at, found in ((NOON, 5), (ends_at - MINUTE / 60, 5), (ends_at, 3)):
        alone = {key: target for key in keys if (target := await store.target_of(key, at=at)) is not None}
        assert await store.targets_of(keys, at=at) == alone
        assert len(alone) == found
    of_logs = await store.target_of(key_of(SHOP_LOGS), at=NOON)
    assert of_logs is not None
    assert of_logs.integration.service_id == BANK
