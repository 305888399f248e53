from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.outbound.postgres.inbox import PostgresInbox
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from adapters.outbound.postgres.upkeep import BATCH, INBOX_KEPT, Retention, Upkeep

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


def made_at(at: datetime, number: int) -> UUID:
    """As `IdFactory` makes it."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | number)


async def test_letters_and_mailbox_are_forgotten_when_their_days_are_over(clean_database: str) -> None:
    pool = await create_pool(clean_database)
    session = PostgresSession(pool)
    retention = Retention(mailbox=timedelta(days=3), dead_letters=timedelta(days=5))
    async with session:
        for days in range(8):
            at = AT - timedelta(days=days)
            await session.connection.execute(
                "INSERT INTO dead_letters (id, received_at, source, reason, body) VALUES ($1, $2, 'http', '', '')",
                made_at(at, days),
                at,
            )
            await session.connection.execute(
                "INSERT INTO mailbox_messages (id, sent_at, channel, address, title, body, notification_id)"
                " VALUES ($1, $2, 'email', '', '', '', $1)",
                made_at(at, days),
                at,
            )
    deleted = await Upkeep(session, retention).delete_stale(at=AT)

    assert (deleted["dead_letters"], deleted["mailbox_messages"]) == (2, 4)
    (kept,) = await session.fetch("SELECT min(received_at) AS oldest FROM dead_letters")
    assert kept["oldest"] == AT - timedelta(days=5)
    await close_pool(pool)
