from datetime import UTC, datetime, timedelta

import pytest

from adapters.outbound.postgres.inbox import PostgresInbox
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from adapters.outbound.postgres.upkeep import BATCH, INBOX_KEPT, Upkeep

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.postgres


async def test_what_was_handled_long_ago_is_forgotten_in_bounded_batches(clean_database: str) -> None:
    pool = await create_pool(clean_database)
    session = PostgresSession(pool)
    inbox = PostgresInbox(session)
    async with session:
        long_ago = AT - INBOX_KEPT - timedelta(days=1)
        await inbox.take("sqs", [f"old {number}" for number in range(BATCH + 5)], at=long_ago)
        await inbox.take("sqs", ["recent"], at=AT - INBOX_KEPT + timedelta(days=1))
    assert (await Upkeep(session).delete_stale(at=AT))["inbox"] == BATCH
    assert (await Upkeep(session).delete_stale(at=AT))["inbox"] == 5
    assert [row["message_key"] for row in await session.fetch("SELECT message_key FROM inbox")] == ["recent"]
    await close_pool(pool)
