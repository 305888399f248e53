"""What has lost its use is deleted, a bounded number of rows at a time, so that no statement grows with history."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.outbound.postgres.session import PostgresSession

BATCH: Final = 1_000
# SQS keeps a message for at most 14 days, and a redriven one may come again after that (SQS developer guide, quotas).
INBOX_KEPT: Final = timedelta(days=30)
# Clients ask for the outcome within minutes; an alert that was closed is found by its alias for as long.
ALERT_REQUESTS_KEPT: Final = timedelta(days=7)
# So long a theft can still be told from an honest repeat.
SESSIONS_KEPT: Final = timedelta(days=30)
# So long the log of a subscription can be looked at and replayed.
DELIVERIES_KEPT: Final = timedelta(days=30)

# Ids are UUIDs of version 7: the time that they were made is their first 48 bits (RFC 9562, 5.7).
_MADE_BEFORE: Final = (
    "id < (lpad(to_hex((extract(epoch FROM $1::timestamptz) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long is kept what people may want to look at, and nothing rests on."""

    mailbox: timedelta = timedelta(days=30)
    dead_letters: timedelta = timedelta(days=90)


_DELETE: Final = {
    "inbox": (
        (
            "DELETE FROM inbox WHERE (consumer, message_key) IN"
            " (SELECT consumer, message_key FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)"
        ),
        INBOX_KEPT,
    ),
    "alert_requests": (
        (
            "DELETE FROM alert_requests WHERE id IN"
            " (SELECT id FROM alert_requests WHERE requested_at < $1 ORDER BY requested_at LIMIT $2)"
        ),
        ALERT_REQUESTS_KEPT,
    ),
    "sessions": (
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        SESSIONS_KEPT,
    ),
    "contact_throttles": (
        (
            "DELETE FROM contact_throttles WHERE (channel, address) IN"
            " (SELECT channel, address FROM contact_throttles WHERE window_began_at < $1"
            " ORDER BY window_began_at LIMIT $2)"
        ),
        timedelta(days=1),
    ),
    "event_deliveries": (
        (  # constants alone
            "DELETE FROM event_deliveries WHERE id IN (SELECT id FROM event_deliveries WHERE status <> 'pending'"  # noqa: S608
            f" AND {_MADE_BEFORE} ORDER BY id LIMIT $2)"
        ),
        DELIVERIES_KEPT,
    ),
    "setup_links": (
        (
            "DELETE FROM setup_links WHERE secret_hash IN"
            " (SELECT secret_hash FROM setup_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)"
        ),
        timedelta(days=1),
    ),
}


_DELETE_MADE_BEFORE: Final = (
    "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE " + _MADE_BEFORE + " ORDER BY id LIMIT $2)"  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Upkeep:
    session: PostgresSession
    retention: Retention = Retention()

    async def delete_stale(self, *, at: datetime) -> dict[str, int]:
        """How many rows went from each table, `BATCH` at most."""
        deleted = {}
        chosen = {"mailbox_messages": self.retention.mailbox, "dead_letters": self.retention.dead_letters}
        by_id = {table: (_DELETE_MADE_BEFORE.format(table=table), kept) for table, kept in chosen.items()}
        for table, (statement, kept) in (_DELETE | by_id).items():
            async with self.session:
                status = await self.session.connection.execute(statement, at - kept, BATCH)
            deleted[table] = int(status.rpartition(" ")[2])
        return deleted
