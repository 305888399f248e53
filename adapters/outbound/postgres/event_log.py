"""The log of domain events. Readers follow commit order: (transaction id, sequence), below the oldest transaction that
is still running, so that one which commits late is never skipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapters.outbound.postgres.session import Connection, PostgresSession, Row
from adapters.wire import events as wire
from application.ports.event_log import EventLog, EventPosition, LoggedEvent
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId

# One hint wakes whoever waits; what it is about, they look up.
CHANNEL = "tocsin"


class Topic(StrEnum):
    """What a hint is about. Without it every page sent would set all who wait for work looking for some."""

    EVENTS = "events"  # nothing has become due by them
    RUNS = "runs"
    INCIDENTS = "incidents"  # one of them has a deadline of its own, such as the end of a snooze
    NOTIFICATIONS = "notifications"  # and behind a space the channel, whose courier alone has to look
    DELIVERIES = "deliveries"  # of events to subscriptions
    COVERS = "covers"  # a request that will expire
    CONFIGURATION = "configuration"  # what is remembered of services, integrations and policies is out of date


# As one JSON document of (kind, event): an array a column costs the driver three times as much, element by element.
APPEND = """
INSERT INTO domain_events (kind, at, incident_id, body)
SELECT e ->> 0, (e -> 1 ->> 'at')::timestamptz, (e -> 1 ->> 'incident_id')::uuid, e -> 1
FROM jsonb_array_elements($1::jsonb) AS e
"""
NOTIFY = "SELECT pg_notify($1, $2)"
# In one way there and back. The braces hold constants of this module.
_APPEND_AND_NOTIFY = f"WITH event_rows AS ({APPEND}) SELECT pg_notify('{CHANNEL}', '{Topic.EVENTS}')"

_READ = """
SELECT transaction::text::bigint AS transaction, sequence, kind, body FROM domain_events
WHERE (transaction, sequence) > ($1::text::xid8, $2::bigint) AND transaction < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY domain_events.transaction, sequence LIMIT $3
"""
_READ_INCIDENT = """
SELECT transaction::text::bigint AS transaction, sequence, kind, body FROM domain_events
WHERE incident_id = $1 AND (transaction, sequence) > ($2::text::xid8, $3::bigint)
ORDER BY domain_events.transaction, sequence LIMIT $4
"""
_END = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

START = EventPosition(0, 0)


async def append_events(connection: Connection, events: Sequence[DomainEvent]) -> None:
    """Append and give the hint, which the server holds back until the commit."""
    if not events:
        return
    await connection.execute(_APPEND_AND_NOTIFY, wire.encode_many(events))


@dataclass(frozen=True, slots=True)
class PostgresEventLog(EventLog):
    session: PostgresSession

    async def append(self, events: Sequence[DomainEvent]) -> None:
        await append_events(self.session.connection, events)

    async def after(self, position: EventPosition, *, limit: int) -> tuple[LoggedEvent, ...]:
        while True:
            rows = await self.session.fetch(_READ, str(position.transaction), position.sequence, limit)
            known = tuple(_logged(row) for row in rows if row["kind"] in wire.KINDS)
            if known or len(rows) < limit:
                return known
            position = EventPosition(rows[-1]["transaction"], rows[-1]["sequence"])

    async def end(self) -> EventPosition:
        async with self.session.any_connection() as connection:
            oldest_running: int = await connection.fetchval(_END)
        # Everything below the oldest running transaction can be seen already; sequences begin at 1.
        return EventPosition(oldest_running, 0)

    async def of_incident(
        self, incident_id: IncidentId, *, after: EventPosition | None = None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        start = after or START
        rows = await self.session.fetch(_READ_INCIDENT, incident_id, str(start.transaction), start.sequence, limit)
        return tuple(_logged(row) for row in rows if row["kind"] in wire.KINDS)


def _logged(row: Row) -> LoggedEvent:
    """Only of a kind that this version knows: during an upgrade a newer one may write others already."""
    event = wire.from_builtins(row["kind"], row["body"])
    return LoggedEvent(EventPosition(row["transaction"], row["sequence"]), event)
