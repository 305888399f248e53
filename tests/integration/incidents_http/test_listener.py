import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from time import monotonic

import asyncpg
import pytest

from adapters.outbound.postgres.event_log import CHANNEL
from adapters.outbound.postgres.listener import PostgresListener, PostgresWakeup

pytestmark = pytest.mark.postgres

LONG = timedelta(seconds=30)  # nothing here waits for it
SHORT = timedelta(milliseconds=50)


async def is_woken(waiter: PostgresWakeup, *, most: timedelta = LONG) -> bool:
    start = monotonic()
    await waiter.wait(most=most)
    return monotonic() - start < most.total_seconds()


@pytest.fixture
async def listener(postgres_dsn: str) -> AsyncIterator[PostgresListener]:
    async with PostgresListener(postgres_dsn) as listener:
        ready = listener.subscribe()
        await ready.wait(most=LONG)  # the hint that it starts with
        assert await is_woken(ready)  # it listens now
        yield listener


@pytest.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_dsn)
    yield connection
    await connection.close()


async def waiting(listener: PostgresListener) -> PostgresWakeup:
    """A waiter without a hint."""
    waiter = listener.subscribe()
    await waiter.wait(most=SHORT)
    return waiter


async def notify(connection: asyncpg.Connection) -> None:
    await connection.execute(f"NOTIFY {CHANNEL}")


async def listening_process(connection: asyncpg.Connection) -> int | None:
    pid: int | None = await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'tocsin-listener' AND datname = current_database()"
    )
    return pid


async def test_a_commit_wakes_everyone_who_waits_over_one_connection(
    listener: PostgresListener, connection: asyncpg.Connection
) -> None:
    one, other = await waiting(listener), await waiting(listener)
    both = asyncio.gather(is_woken(one), is_woken(other))
    await asyncio.sleep(0)
    await notify(connection)
    assert all(await both)
    count = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tocsin-listener'"
        " AND datname = current_database()"
    )
    assert count == 1


async def test_a_hint_since_the_last_wait_counts_once(
    listener: PostgresListener, connection: asyncpg.Connection
) -> None:
    waiter, witness = await waiting(listener), await waiting(listener)
    await notify(connection)
    assert await is_woken(witness)
    assert await is_woken(waiter)
    assert not await is_woken(waiter, most=SHORT)


async def test_what_is_rolled_back_wakes_nobody(listener: PostgresListener, connection: asyncpg.Connection) -> None:
    waiter = await waiting(listener)
    transaction = connection.transaction()
    await transaction.start()
    await notify(connection)
    await transaction.rollback()
    assert not await is_woken(waiter, most=timedelta(milliseconds=200))


async def test_a_lost_connection_is_made_anew_and_wakes_everyone(
    listener: PostgresListener, connection: asyncpg.Connection
) -> None:
    waiter = await waiting(listener)
    old = await listening_process(connection)
    await connection.fetchval("SELECT pg_terminate_backend($1)", old)
    assert await is_woken(waiter)  # what was missed meanwhile has to be looked for
    for _ in range(200):
        new = await listening_process(connection)
        if new not in {None, old}:
            break
        await asyncio.sleep(0.02)
    assert new not in {None, old}
    while await is_woken(waiter, most=timedelta(milliseconds=300)):
        pass  # the hints of the loss and of the new connection
    await notify(connection)
    assert await is_woken(waiter)


async def test_without_a_database_a_wait_ends_in_time_and_the_listener_stops_at_once() -> None:
    async with PostgresListener("postgresql://nobody@127.0.0.1:1/none") as listener:
        waiter = await waiting(listener)
        assert not await is_woken(waiter, most=SHORT)


async def test_after_it_stops_no_connection_is_left(postgres_dsn: str, connection: asyncpg.Connection) -> None:
    async with PostgresListener(postgres_dsn) as listener:
        waiter = listener.subscribe()
        await waiter.wait(most=LONG)
        assert await is_woken(waiter)
        assert await listening_process(connection) is not None
    for _ in range(200):
        if await listening_process(connection) is None:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the server still has its connection")
