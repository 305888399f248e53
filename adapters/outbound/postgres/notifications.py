from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.outbound.postgres.event_log import APPEND, CHANNEL, Topic
from adapters.outbound.postgres.incidents import incident_of
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.wire import events as wire
from application.errors import NotFoundError
from application.ports.notifications import (
    Attempt,
    Cancelled,
    DueNotification,
    NotificationRepository,
    Settlement,
    Subject,
)
from domain.incident.incident import Incident
from domain.notification.bundle import BUNDLE_MOST
from domain.notification.contact import Channel
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.throttle import WINDOW, Throttle
from domain.shared.ids import DestinationId, IncidentId, NotificationId, RunId, UserId

# Between two pages that leave as one message: the first of them has waited, and maybe been tried, for less.
_LONGEST_TRIED: Final = timedelta(days=1)
# Of our own objects as one JSON array of them, which costs the driver less than an array a column.
INSERT = """
INSERT INTO notifications (id, incident_id, run_id, round, step, user_id, rule_position, purpose, channel, address,
  status, created_at, next_deadline, update_of, notice, notice_key, destination_id, attempts, may_be_repeat,
  was_overtaken, receipt)
SELECT n.id, n.incident_id, n.run_id, n.round, n.step, n.user_id, n.rule_position, n.purpose, n.channel, n.address,
  n.status, n.created_at, n.next_deadline, n.update_of, n.notice - 'key', n.notice ->> 'key', n.destination_id,
  n.attempts, false, false, '{}'
FROM json_to_recordset($1::json) AS n (id uuid, incident_id uuid, run_id uuid, round smallint, step smallint,
  user_id uuid, rule_position smallint, purpose text, channel text, address text, status text, created_at timestamptz,
  next_deadline timestamptz, update_of jsonb, notice jsonb, destination_id uuid, attempts smallint)
ON CONFLICT DO NOTHING RETURNING id
"""
# For the couriers of what waits: whoever adds what is leased already sends it. The braces hold constants.
WAKE = f"""
SELECT pg_notify('{CHANNEL}', '{Topic.NOTIFICATIONS} ' || waiting.channel) FROM (
  SELECT DISTINCT n.channel FROM json_to_recordset($1::json) AS n (channel text, status text) WHERE n.status = 'pending'
) AS waiting
"""  # noqa: S608
_ADD = f"WITH added AS ({INSERT}) {WAKE}"
_LEASE = """
WITH first AS (
  SELECT id, user_id, destination_id, address, purpose, status AS status_before, next_deadline AS due_at
  FROM notifications
  WHERE channel = $1 AND next_deadline <= $2 ORDER BY next_deadline, id LIMIT $4 FOR UPDATE SKIP LOCKED
), companions AS (
  SELECT n.id, n.status AS status_before, n.next_deadline AS due_at FROM notifications n
  WHERE n.channel = $1 AND n.next_deadline <= $2 AND n.purpose = 'page'
    AND (n.user_id, n.address) IN (SELECT user_id, address FROM first WHERE purpose = 'page')
    AND n.id NOT IN (SELECT id FROM first)
  ORDER BY n.next_deadline, n.id LIMIT $5 FOR UPDATE OF n SKIP LOCKED
), destination_companions AS (
  SELECT n.id, n.status AS status_before, n.next_deadline AS due_at FROM notifications n
  WHERE n.channel = $1 AND n.next_deadline <= $2 AND n.purpose = 'page'
    AND (n.destination_id, n.address) IN (SELECT destination_id, address FROM first WHERE purpose = 'page')
    AND n.id NOT IN (SELECT id FROM first)
  ORDER BY n.next_deadline, n.id LIMIT $5 FOR UPDATE OF n SKIP LOCKED
), due AS (
  SELECT id, status_before, due_at FROM first UNION ALL SELECT id, status_before, due_at FROM companions
  UNION ALL SELECT id, status_before, due_at FROM destination_companions
), leased AS (
  UPDATE notifications n SET status = 'sending', attempts = n.attempts + 1, next_deadline = $3,
    may_be_repeat = n.may_be_repeat OR due.status_before = 'sending'
  FROM due WHERE n.id = due.id RETURNING n.*, due.status_before, due.due_at
)
SELECT l.*, s.name AS service_name, s.runbook_url, u.name AS status_by, i.number, i.service_id, i.team_id, i.group_key,
  i.title, i.severity, i.urgency, i.status AS incident_status, i.triggered_at, i.acknowledgements_required,
  i.acknowledgements, i.acknowledgement_times, i.acknowledged_at, i.acknowledged_by, i.acknowledgement_expires_at,
  i.snoozed_until, i.rises_at, i.muted, i.policy_id, i.responders, i.resolved_at, i.resolved_by, i.version,
  i.trace, i.group_window, i.followed_by
FROM leased l LEFT JOIN incidents i ON i.id = l.incident_id LEFT JOIN services s ON s.id = i.service_id
LEFT JOIN users u ON u.id = coalesce(i.resolved_by, i.acknowledged_by)
ORDER BY l.id
"""
_HOLD_BACK = """
UPDATE notifications n SET status = 'pending', attempts = n.attempts - 1, next_deadline = h.until
FROM unnest($1::uuid[], $2::timestamptz[]) AS h (id, until) WHERE n.id = h.id
"""
# The rule of `throttle.counted`, for all addresses at once; the contract tests hold both to the same answers.
_COUNT = """
INSERT INTO contact_throttles AS t (channel, address, window_began_at, messages)
SELECT $1, a.address, $4, a.asked FROM unnest($2::text[], $3::int[]) AS a (address, asked) ORDER BY a.address
ON CONFLICT (channel, address) DO UPDATE SET
  window_began_at = CASE WHEN $4 >= t.window_began_at + $5::interval THEN $4 ELSE t.window_began_at END,
  messages = CASE WHEN $4 >= t.window_began_at + $5::interval THEN 0 ELSE t.messages END + excluded.messages
RETURNING address, window_began_at, messages
"""
_GET = "SELECT * FROM notifications WHERE id = $1"
_HOLD = "SELECT * FROM notifications WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
_OF_SAME_STEPS = """
SELECT * FROM notifications WHERE purpose = 'page' AND (run_id, round, step, user_id) IN (
  SELECT run_id, round, step, user_id FROM notifications WHERE id = ANY($1::uuid[]) AND purpose = 'page'
) ORDER BY id
"""
# One statement for all that were sent, in the transaction that holds their rows. The braces hold constants.
_SETTLE = f"""
WITH settled AS (
  UPDATE notifications n
  SET status = s.status, next_deadline = s.next_deadline, may_be_repeat = s.may_be_repeat, receipt = s.receipt
  FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::boolean[], $6::jsonb[])
    AS s (id, status, next_deadline, may_be_repeat, receipt) WHERE n.id = s.id
), attempt_rows AS (
  INSERT INTO delivery_attempts (notification_id, incident_id, number, started_at, finished_at, outcome, detail)
  SELECT * FROM unnest($7::uuid[], $8::uuid[], $9::smallint[], $10::timestamptz[], $11::timestamptz[], $12::text[],
    $13::text[])
), event_rows AS ({APPEND})
SELECT pg_notify('{CHANNEL}', '{Topic.EVENTS}') WHERE jsonb_array_length($1::jsonb) > 0
"""  # noqa: S608
_ATTEMPT = """
INSERT INTO delivery_attempts (notification_id, incident_id, number, started_at, finished_at, outcome, detail)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::text[],
  $7::text[])
"""
# The notifications are held, so that two receipts of one attempt come one after the other.
_RECEIPT = f"""
{_ATTEMPT.strip()} AS r (notification_id, incident_id, number, started_at, finished_at, outcome, detail)
WHERE NOT EXISTS (
  SELECT FROM delivery_attempts a
  WHERE a.notification_id = r.notification_id AND a.number = r.number AND a.outcome = r.outcome
)
"""  # the braces hold a constant
# Pages of one message were made within the hours that a courier tries them for: few of their person's.
_BUNDLED_WITH = """
SELECT * FROM notifications
WHERE user_id = $1 AND purpose = 'page' AND created_at >= $2
  AND id <> $3::uuid AND receipt ->> 'bundled_with' = $3::uuid::text ORDER BY id
"""
_CANCEL = """
WITH waiting AS (
  SELECT id, incident_id, status FROM notifications
  WHERE incident_id = ANY($1::uuid[]) AND purpose = 'page' AND next_deadline IS NOT NULL
    AND ($2::uuid IS NULL OR user_id = $2) ORDER BY id FOR UPDATE
), changed AS (
  UPDATE notifications n SET
    status = CASE WHEN w.status = 'pending' THEN 'cancelled' ELSE n.status END,
    next_deadline = CASE WHEN w.status = 'pending' THEN NULL ELSE n.next_deadline END,
    was_overtaken = w.status = 'sending'
  FROM waiting w WHERE n.id = w.id
)
SELECT incident_id, count(*) FILTER (WHERE status = 'pending') AS cancelled,
  count(*) FILTER (WHERE status = 'sending') AS under_way
FROM waiting GROUP BY incident_id
"""
_DELIVERED_TO = """
SELECT * FROM notifications
WHERE incident_id = ANY($1::uuid[]) AND channel = $2 AND purpose = 'page' AND status = 'sent' ORDER BY id
"""
_EARLIEST = "SELECT min(next_deadline) FROM notifications WHERE channel = $1 AND next_deadline IS NOT NULL"
_BACKLOG = "SELECT channel, count(*) FROM notifications WHERE next_deadline <= $1 GROUP BY channel"


_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PostgresNotificationRepository(NotificationRepository):
    session: PostgresSession

    async def add(self, notifications: Sequence[Notification]) -> None:
        if not notifications:
            return
        await self.session.connection.execute(_ADD, _encode(notifications))

    async def lease_due(
        self, channel: Channel, *, at: datetime, until: datetime, limit: int
    ) -> tuple[DueNotification, ...]:
        rows = await self.session.fetch(_LEASE, channel, at, until, limit, BUNDLE_MOST)
        return tuple(_due_of(row) for row in rows)

    async def hold_back(self, notifications: Mapping[NotificationId, datetime]) -> None:
        if notifications:
            await self.session.connection.execute(_HOLD_BACK, list(notifications), list(notifications.values()))

    async def count_messages(self, channel: Channel, asked: Mapping[str, int], *, at: datetime) -> dict[str, Throttle]:
        rows = await self.session.fetch(_COUNT, channel, list(asked), list(asked.values()), at, WINDOW)
        return {row["address"]: Throttle(row["window_began_at"], row["messages"]) for row in rows}

    async def get(self, notification_id: NotificationId) -> Notification:
        rows = await self.session.fetch(_GET, notification_id)
        if not rows:
            raise NotFoundError("notification", notification_id)
        return notification_of(rows[0])

    async def hold(self, notification_ids: Collection[NotificationId]) -> tuple[Notification, ...]:
        return tuple(notification_of(row) for row in await self.session.fetch(_HOLD, list(notification_ids)))

    async def of_same_steps(self, notification_ids: Collection[NotificationId]) -> tuple[Notification, ...]:
        if not notification_ids:
            return ()
        rows = await self.session.fetch(_OF_SAME_STEPS, list(notification_ids))
        return tuple(notification_of(row) for row in rows)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        if not settlements:
            return
        states = [each.change.state for each in settlements]
        await self.session.connection.execute(
            _SETTLE,
            wire.encode_many(event for each in settlements for event in each.change.events),
            [state.id for state in states],
            [state.status for state in states],
            [state.next_deadline for state in states],
            [state.may_be_repeat for state in states],
            [state.receipt for state in states],
            *_attempt_columns([each.attempt for each in settlements]),
        )

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        if not attempts:
            return
        await self.session.connection.execute(_ATTEMPT, *_attempt_columns(attempts))

    async def record_receipts(self, receipts: Sequence[Attempt]) -> None:
        if not receipts:
            return
        await self.session.connection.execute(_RECEIPT, *_attempt_columns(receipts))

    async def bundled_with(self, carrier: Notification) -> tuple[Notification, ...]:
        since = carrier.created_at - _LONGEST_TRIED
        rows = await self.session.fetch(_BUNDLED_WITH, carrier.user_id, since, carrier.id)
        return tuple(notification_of(row) for row in rows)

    async def cancel_waiting(
        self, incident_ids: Collection[IncidentId], *, user_id: UserId | None = None
    ) -> dict[IncidentId, Cancelled]:
        rows = await self.session.fetch(_CANCEL, list(incident_ids), user_id)
        return {IncidentId(row["incident_id"]): Cancelled(row["cancelled"], row["under_way"]) for row in rows}

    async def delivered_to(self, incident_ids: Collection[IncidentId], channel: Channel) -> tuple[Notification, ...]:
        rows = await self.session.fetch(_DELIVERED_TO, list(incident_ids), channel)
        return tuple(notification_of(row) for row in rows)

    async def earliest_deadline(self, channel: Channel) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(_EARLIEST, channel)
        return earliest

    async def backlog(self, *, at: datetime) -> dict[Channel, int]:
        async with self.session.any_connection() as connection:
            return {Channel(row["channel"]): row["count"] for row in await connection.fetch(_BACKLOG, at)}


def _attempt_columns(attempts: Sequence[Attempt]) -> tuple[list[object], ...]:
    return (
        [attempt.notification_id for attempt in attempts],
        [attempt.incident_id for attempt in attempts],
        [attempt.number for attempt in attempts],
        [attempt.started_at for attempt in attempts],
        [attempt.finished_at for attempt in attempts],
        [attempt.outcome for attempt in attempts],
        [attempt.detail for attempt in attempts],
    )


def _due_of(row: Row) -> DueNotification:
    return DueNotification(
        notification=notification_of(row),
        due_at=row["due_at"],
        lost_lease=row["status_before"] == NotificationStatus.SENDING,
        subject=None if row["incident_id"] is None else subject_of(row, _incident_of(row)),
    )


def _incident_of(row: Row) -> Incident:
    return incident_of({**dict(row), "id": row["incident_id"], "status": row["incident_status"]})


def subject_of(row: Row, incident: Incident) -> Subject:
    return Subject(
        incident=incident,
        service_name=row["service_name"],
        runbook_url=row["runbook_url"],
        status_by=row["status_by"],
        trace=row["trace"],
    )


def notification_of(row: Row) -> Notification:
    return Notification(
        id=NotificationId(row["id"]),
        incident_id=None if row["incident_id"] is None else IncidentId(row["incident_id"]),
        run_id=None if row["run_id"] is None else RunId(row["run_id"]),
        round=row["round"],
        step=row["step"],
        user_id=None if row["user_id"] is None else UserId(row["user_id"]),
        destination_id=None if row["destination_id"] is None else DestinationId(row["destination_id"]),
        rule_position=row["rule_position"],
        purpose=Purpose(row["purpose"]),
        channel=Channel(row["channel"]),
        address=row["address"],
        status=NotificationStatus(row["status"]),
        created_at=row["created_at"],
        next_deadline=row["next_deadline"],
        attempts=row["attempts"],
        may_be_repeat=row["may_be_repeat"],
        was_overtaken=row["was_overtaken"],
        receipt=row["receipt"],
        update_of=row["update_of"],
        notice=None if row["notice"] is None else _notice_of(row["notice"], row["notice_key"]),
    )


def _notice_of(body: Mapping[str, Any], key: str) -> Notice:
    return Notice(kind=NoticeKind(body["kind"]), key=key, title=body["title"], text=body["text"], url=body["url"])
