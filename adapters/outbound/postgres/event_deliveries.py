from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from adapters.outbound.postgres.event_log import CHANNEL, NOTIFY, Topic
from adapters.outbound.postgres.sealed import secret_in
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.subscriptions import COLUMNS, subscription_of
from adapters.wire import events as wire
from application.errors import NotFoundError
from application.ports.errors import PermanentPortError
from application.ports.event_deliveries import (
    Cursor,
    DeliveryQuery,
    EventDeliveries,
    Health,
    IncidentOutline,
    Lease,
    LeasedDelivery,
    Settlement,
)
from application.ports.event_log import EventPosition
from application.ports.page import Page
from application.ports.vault import Vault
from domain.incident.incident import IncidentStatus
from domain.shared.ids import EventDeliveryId, IncidentId, ServiceId, SubscriptionId, TeamId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.subscription.delivery import Attempt, DeliveryStatus, EventDelivery

_SUBSCRIPTION: Final = ", ".join(f"s.{column} AS subscription_{column}" for column in COLUMNS)
_BEGIN = """
INSERT INTO subscription_cursors (subscription_id, transaction, sequence) VALUES ($1, $2, $3)
ON CONFLICT (subscription_id) DO UPDATE SET transaction = excluded.transaction, sequence = excluded.sequence
"""
_BEGIN_HEALTH = "INSERT INTO subscription_health (subscription_id) VALUES ($1) ON CONFLICT DO NOTHING"
_CLAIM = f"""
SELECT {_SUBSCRIPTION}, c.transaction, c.sequence
FROM subscription_cursors c JOIN subscriptions s ON s.id = c.subscription_id
WHERE s.is_enabled ORDER BY c.subscription_id LIMIT $1 FOR UPDATE OF c SKIP LOCKED
"""  # noqa: S608
_TEAMS = "SELECT id, team_id FROM incidents WHERE id = ANY($1::uuid[])"
_RECORD = """
INSERT INTO event_deliveries (id, subscription_id, lane_id, transaction, sequence, kind, event_at, incident_id,
  status, attempts, may_be_repeat, replays, log)
SELECT d.*, 'pending', 0, false, 0, '[]'::jsonb
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[], $8::uuid[])
  AS d
"""
# The update changes nothing, but it waits for whoever is about to end the lane, and so no event is left without one.
_OPEN_LANES = """
INSERT INTO subscription_lanes (subscription_id, lane_id, next_deadline)
SELECT DISTINCT subscription_id, lane_id, $3::timestamptz
FROM unnest($1::uuid[], $2::uuid[]) AS l (subscription_id, lane_id) ORDER BY subscription_id, lane_id
ON CONFLICT (subscription_id, lane_id) DO UPDATE SET next_deadline = subscription_lanes.next_deadline
"""
_MOVE = """
UPDATE subscription_cursors c SET transaction = m.transaction, sequence = m.sequence
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS m (subscription_id, transaction, sequence)
WHERE c.subscription_id = m.subscription_id
"""
# For each subscription a look into an index, so that a long queue of one of them costs the others nothing.
_LEASE = f"""
WITH due AS (
  SELECT l.* FROM subscriptions s JOIN subscription_health h ON h.subscription_id = s.id CROSS JOIN LATERAL (
    SELECT subscription_id, lane_id, lease_id IS NOT NULL AS was_lost FROM subscription_lanes
    WHERE subscription_id = s.id AND next_deadline <= $2
    ORDER BY next_deadline, lane_id LIMIT $5 FOR UPDATE SKIP LOCKED
  ) l
  WHERE s.is_enabled AND s.id <> ALL($6::uuid[]) AND (h.paused_until IS NULL OR h.paused_until <= $2) LIMIT $4
), leased AS (
  UPDATE subscription_lanes l SET next_deadline = $3, lease_id = $1
  FROM due WHERE l.subscription_id = due.subscription_id AND l.lane_id = due.lane_id
  RETURNING l.subscription_id, l.lane_id, due.was_lost
), heads AS (
  SELECT head.id, leased.was_lost FROM leased CROSS JOIN LATERAL (
    SELECT d.id, d.kind FROM event_deliveries d
    WHERE d.subscription_id = leased.subscription_id AND d.lane_id = leased.lane_id AND d.status = 'pending'
    ORDER BY d.transaction, d.sequence LIMIT 1
  ) head WHERE head.kind = ANY($7::text[])
), taken AS (
  UPDATE event_deliveries d SET attempts = d.attempts + 1, may_be_repeat = d.may_be_repeat OR heads.was_lost,
    first_attempted_at = coalesce(d.first_attempted_at, $2)
  FROM heads WHERE d.id = heads.id RETURNING d.*
)
SELECT t.*, e.body, {_SUBSCRIPTION}, i.number, i.title, i.status AS incident_status, i.severity, i.urgency,
  i.service_id, i.team_id, i.triggered_at, i.version, i.trace, v.name AS service_name,
  x.clear, x.sealed
FROM taken t JOIN subscriptions s ON s.id = t.subscription_id
JOIN domain_events e ON e.sequence = t.sequence AND e.at = t.event_at
LEFT JOIN incidents i ON i.id = t.incident_id LEFT JOIN services v ON v.id = i.service_id
CROSS JOIN LATERAL (
  SELECT array_agg(secret ORDER BY number DESC) AS clear, array_agg(secret_sealed ORDER BY number DESC) AS sealed
  FROM subscription_secrets
  WHERE subscription_id = t.subscription_id AND (expires_at IS NULL OR expires_at > $2)
) x
ORDER BY t.subscription_id, t.transaction, t.sequence
"""  # noqa: S608
_IS_HELD = "SELECT 1 FROM subscription_lanes WHERE subscription_id = $1 AND lane_id = $2 AND lease_id = $3"
_HOLD = """
SELECT l.subscription_id, l.lane_id, l.lease_id FROM subscription_lanes l
JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS h (subscription_id, lane_id, lease_id)
  ON l.subscription_id = h.subscription_id AND l.lane_id = h.lane_id AND l.lease_id = h.lease_id
ORDER BY l.subscription_id, l.lane_id FOR UPDATE OF l
"""
_SETTLE = """
UPDATE event_deliveries d
SET status = s.status, may_be_repeat = s.may_be_repeat, settled_at = s.settled_at, log = s.log
FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::timestamptz[], $5::jsonb[])
  AS s (id, status, may_be_repeat, settled_at, log) WHERE d.id = s.id
"""
_WAIT = """
UPDATE subscription_lanes l SET next_deadline = w.again_at, lease_id = NULL
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (subscription_id, lane_id, again_at)
WHERE l.subscription_id = w.subscription_id AND l.lane_id = w.lane_id
"""
# Statements of their own, which see what was recorded until the lane was held.
_GO_ON = """
UPDATE subscription_lanes l SET next_deadline = $3, lease_id = NULL
FROM unnest($1::uuid[], $2::uuid[]) AS g (subscription_id, lane_id)
WHERE l.subscription_id = g.subscription_id AND l.lane_id = g.lane_id AND EXISTS (
  SELECT 1 FROM event_deliveries d
  WHERE d.subscription_id = l.subscription_id AND d.lane_id = l.lane_id AND d.status = 'pending'
)
"""
_END_LANES = """
DELETE FROM subscription_lanes l USING unnest($1::uuid[], $2::uuid[]) AS g (subscription_id, lane_id)
WHERE l.subscription_id = g.subscription_id AND l.lane_id = g.lane_id AND NOT EXISTS (
  SELECT 1 FROM event_deliveries d
  WHERE d.subscription_id = l.subscription_id AND d.lane_id = l.lane_id AND d.status = 'pending'
)
"""
_HEALTH = "SELECT * FROM subscription_health WHERE subscription_id = ANY($1::uuid[]) ORDER BY subscription_id"
_SAVE_HEALTH = """
UPDATE subscription_health h SET failing_since = n.failing_since, paused_until = n.paused_until
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS n (subscription_id, failing_since, paused_until)
WHERE h.subscription_id = n.subscription_id
"""
_EARLIEST = """
SELECT min(greatest(l.next_deadline, h.paused_until))
FROM subscriptions s JOIN subscription_health h ON h.subscription_id = s.id CROSS JOIN LATERAL (
  SELECT next_deadline FROM subscription_lanes WHERE subscription_id = s.id ORDER BY next_deadline LIMIT 1
) l WHERE s.is_enabled
"""
_GET = "SELECT * FROM event_deliveries WHERE id = $1"
_SETTLED_BETWEEN = """
SELECT * FROM event_deliveries WHERE subscription_id = $1 AND event_at >= $2 AND event_at < $3
AND status <> 'pending' AND (NOT $4 OR status = 'failed') ORDER BY event_at, id LIMIT $5
"""
# Whoever replays holds the lanes first, as whoever settles does.
_REPLAY = """
UPDATE event_deliveries d SET status = 'pending', attempts = 0, first_attempted_at = NULL, settled_at = NULL,
  may_be_repeat = true, replays = d.replays + 1
FROM unnest($1::uuid[], $2::int[]) AS r (id, replays)
WHERE d.id = r.id AND d.status <> 'pending' AND d.replays = r.replays - 1
"""
_HURRY = "UPDATE subscription_lanes SET next_deadline = $2 WHERE subscription_id = $1 AND lease_id IS NULL"

_COLUMNS: Final = tuple(field.name for field in fields(EventDelivery))

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PostgresEventDeliveries(EventDeliveries):
    session: PostgresSession
    vault: Vault

    async def begin(self, subscription_id: SubscriptionId, position: EventPosition) -> None:
        await self.session.connection.execute(_BEGIN, subscription_id, position.transaction, position.sequence)
        await self.session.connection.execute(_BEGIN_HEALTH, subscription_id)
        await self.session.connection.execute(NOTIFY, CHANNEL, Topic.EVENTS)

    async def claim_cursors(self, *, limit: int) -> tuple[Cursor, ...]:
        rows = await self.session.fetch(_CLAIM, limit)
        return tuple(
            Cursor(subscription_of(row, "subscription_"), EventPosition(row["transaction"], row["sequence"]))
            for row in rows
        )

    async def teams_of(self, incident_ids: Collection[IncidentId]) -> dict[IncidentId, TeamId]:
        if not incident_ids:
            return {}
        return {
            IncidentId(row["id"]): TeamId(row["team_id"])
            for row in await self.session.fetch(_TEAMS, list(incident_ids))
        }

    async def record(
        self, deliveries: Sequence[EventDelivery], moved: Mapping[SubscriptionId, EventPosition], *, at: datetime
    ) -> None:
        connection = self.session.connection
        if deliveries:
            await connection.execute(
                _RECORD,
                [each.id for each in deliveries],
                [each.subscription_id for each in deliveries],
                [each.lane_id for each in deliveries],
                [each.transaction for each in deliveries],
                [each.sequence for each in deliveries],
                [each.kind for each in deliveries],
                [each.event_at for each in deliveries],
                [each.incident_id for each in deliveries],
            )
            await self._open_lanes(deliveries, at)
        await connection.execute(
            _MOVE,
            list(moved),
            [position.transaction for position in moved.values()],
            [position.sequence for position in moved.values()],
        )

    async def lease_due(
        self,
        lease_id: UUID,
        *,
        at: datetime,
        until: datetime,
        limit: int,
        each: int,
        without: Collection[SubscriptionId] = (),
    ) -> tuple[LeasedDelivery, ...]:
        rows = await self.session.fetch(_LEASE, lease_id, at, until, limit, each, list(without), list(wire.KINDS))
        return tuple(_leased_of(row, lease_id, at, self._secrets_of(row)) for row in rows)

    def _secrets_of(self, row: Row) -> tuple[str, ...]:
        """Those that can be read. One that cannot costs no other subscription its deliveries."""
        owner, found = row["subscription_id"], []
        for clear, sealed in zip(row["clear"] or (), row["sealed"] or (), strict=True):
            try:
                found.append(secret_in(self.vault, clear=clear, sealed=sealed, owner=owner))
            except PermanentPortError as error:
                _log.error("signing_secret_unreadable", subscription_id=str(owner), reason=str(error))
        return tuple(secret for secret in found if secret is not None)

    async def is_held(self, lease: Lease) -> bool:
        return bool(await self.session.fetch(_IS_HELD, *lease))

    async def hold(self, leases: Collection[Lease]) -> frozenset[Lease]:
        rows = await self.session.fetch(_HOLD, *_columns(leases, 3))
        return frozenset(Lease(SubscriptionId(row["subscription_id"]), row["lane_id"], row["lease_id"]) for row in rows)

    async def settle(self, settlements: Sequence[Settlement], *, at: datetime) -> None:
        connection = self.session.connection
        settled = [each.delivery for each in settlements]
        await connection.execute(
            _SETTLE,
            [each.id for each in settled],
            [each.status for each in settled],
            [each.may_be_repeat for each in settled],
            [each.settled_at for each in settled],
            [msgspec.json.encode(each.log) for each in settled],
        )
        waiting = [(*each.lease[:2], each.again_at) for each in settlements if each.again_at is not None]
        if waiting:
            await connection.execute(_WAIT, *_columns(waiting, 3))
        done = [each.lease[:2] for each in settlements if each.again_at is None]
        if done:
            await connection.execute(_GO_ON, *_columns(done, 2), at)
            await connection.execute(_END_LANES, *_columns(done, 2))

    async def health_of(self, subscription_ids: Collection[SubscriptionId]) -> dict[SubscriptionId, Health]:
        sql = f"{_HEALTH} FOR UPDATE" if self.session.is_open else _HEALTH
        rows = await self.session.fetch(sql, list(subscription_ids))
        return {
            SubscriptionId(row["subscription_id"]): Health(row["failing_since"], row["paused_until"]) for row in rows
        }

    async def save_health(self, health: Mapping[SubscriptionId, Health]) -> None:
        if health:
            rows = [(key, each.failing_since, each.paused_until) for key, each in health.items()]
            await self.session.connection.execute(_SAVE_HEALTH, *_columns(rows, 3))

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(_EARLIEST)
        return earliest

    async def get(self, delivery_id: EventDeliveryId) -> EventDelivery:
        rows = await self.session.fetch(_GET, delivery_id)
        if not rows:
            raise NotFoundError("delivery", delivery_id)
        return _delivery_of(rows[0])

    async def list(self, query: DeliveryQuery) -> Page[EventDelivery]:
        arguments: list[object] = [query.subscription_id]
        conditions = ["subscription_id = $1"]
        if query.status is not None:
            arguments.append(query.status)
            conditions.append(f"status = ${len(arguments)}")
            if query.status is not DeliveryStatus.DELIVERED:
                conditions.append("status <> 'delivered'")  # so that the plan sees whose index it is
        if query.after is not None:
            arguments += query.after
            conditions.append(f"(event_at, id) < (${len(arguments) - 1}, ${len(arguments)})")
        sql = (
            f"SELECT * FROM event_deliveries WHERE {' AND '.join(conditions)}"  # noqa: S608  # none is a user's
            f" ORDER BY event_at DESC, id DESC LIMIT {query.limit + 1}"
        )
        rows = await self.session.fetch(sql, *arguments)
        return Page(tuple(map(_delivery_of, rows[: query.limit])), len(rows) > query.limit)

    async def settled_between(
        self, subscription_id: SubscriptionId, since: datetime, until: datetime, *, only_failed: bool, limit: int
    ) -> tuple[EventDelivery, ...]:
        rows = await self.session.fetch(_SETTLED_BETWEEN, subscription_id, since, until, only_failed, limit)
        return tuple(map(_delivery_of, rows))

    async def replay(self, deliveries: Sequence[EventDelivery], *, at: datetime) -> int:
        if not deliveries:
            return 0
        await self._open_lanes(deliveries, at)
        status = await self.session.connection.execute(
            _REPLAY, [each.id for each in deliveries], [each.replays for each in deliveries]
        )
        return int(status.rpartition(" ")[2])

    async def hurry(self, subscription_id: SubscriptionId, *, at: datetime) -> None:
        await self.session.connection.execute(_HURRY, subscription_id, at)
        await self.session.connection.execute(NOTIFY, CHANNEL, Topic.DELIVERIES)

    async def _open_lanes(self, deliveries: Sequence[EventDelivery], at: datetime) -> None:
        lanes = [(each.subscription_id, each.lane_id) for each in deliveries]
        await self.session.connection.execute(_OPEN_LANES, *_columns(lanes, 2), at)
        await self.session.connection.execute(NOTIFY, CHANNEL, Topic.DELIVERIES)


def _columns(rows: Collection[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(width)]


def _delivery_of(row: Row) -> EventDelivery:
    values = {column: row[column] for column in _COLUMNS}
    values["status"] = DeliveryStatus(values["status"])
    values["log"] = msgspec.convert(values["log"], tuple[Attempt, ...])
    return EventDelivery(**values)


def _leased_of(row: Row, lease_id: UUID, at: datetime, secrets: tuple[str, ...]) -> LeasedDelivery:
    delivery = _delivery_of(row)
    return LeasedDelivery(
        delivery=delivery,
        lease=Lease(delivery.subscription_id, delivery.lane_id, lease_id),
        leased_at=at,
        subscription=subscription_of(row, "subscription_"),
        secrets=secrets,
        event=wire.from_builtins(row["kind"], row["body"]),
        incident=None if row["number"] is None else _outline_of(row),
    )


def _outline_of(row: Row) -> IncidentOutline:
    return IncidentOutline(
        id=IncidentId(row["incident_id"]),
        number=row["number"],
        title=row["title"],
        status=IncidentStatus(row["incident_status"]),
        severity=Severity(row["severity"]),
        urgency=Urgency(row["urgency"]),
        service_id=ServiceId(row["service_id"]),
        service_name=row["service_name"],
        team_id=TeamId(row["team_id"]),
        triggered_at=row["triggered_at"],
        version=row["version"],
        trace=row["trace"],
    )
