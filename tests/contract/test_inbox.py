"""The promises of `Inbox`, kept by every adapter of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.inbox import MemoryInbox
from adapters.outbound.postgres.inbox import PostgresInbox
from adapters.outbound.postgres.session import PostgresSession, create_pool
from application.ports.inbox import Inbox
from application.ports.transaction import Transaction

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Store(NamedTuple):
    inbox: Inbox
    transaction: Transaction


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else str(request.getfixturevalue("clean_database"))


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[Store]:
    if dsn is None:
        session = MemorySession(MemoryDatabase())
        yield Store(MemoryInbox(session), session)
        return
    async with await create_pool(dsn, most=2) as pool:
        connected = PostgresSession(pool)
        yield Store(PostgresInbox(connected), connected)


async def take(store: Store, *keys: str, consumer: str = "sqs", at: datetime = AT) -> frozenset[str]:
    async with store.transaction:
        return await store.inbox.take(consumer, keys, at=at)


async def test_keys_are_new_once(store: Store) -> None:
    assert await take(store, "a", "b") == {"a", "b"}
    assert await take(store, "b", "c", at=AT + timedelta(days=13)) == {"c"}
    assert await take(store, "a", "b", "c") == set()


async def test_what_was_taken_is_known_and_asking_takes_nothing(store: Store) -> None:
    await take(store, "a", "b")
    await take(store, "d", consumer="webhook")

    assert await store.inbox.known("sqs", ["a", "c", "d"]) == {"a"}
    assert await take(store, "c") == {"c"}


async def test_a_key_given_twice_is_one_key(store: Store) -> None:
    assert await take(store, "a", "a") == {"a"}


async def test_no_keys_are_none_that_are_new(store: Store) -> None:
    assert await take(store) == set()


async def test_consumers_do_not_know_each_others_keys(store: Store) -> None:
    await take(store, "a")

    assert await take(store, "a", consumer="webhook") == {"a"}


async def test_what_is_undone_was_not_handled(store: Store) -> None:
    async def crash() -> None:
        async with store.transaction:
            await store.inbox.take("sqs", ["a"], at=AT)
            raise RuntimeError("crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        await crash()

    assert await take(store, "a") == {"a"}


async def test_a_key_is_known_within_the_transaction_that_took_it(store: Store) -> None:
    async with store.transaction:
        await store.inbox.take("sqs", ["a"], at=AT)

        assert await store.inbox.take("sqs", ["a", "b"], at=AT) == {"b"}
