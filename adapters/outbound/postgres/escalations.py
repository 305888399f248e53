from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Final

import msgspec
from sqlalchemy import DateTime, Text, bindparam, func, literal_column, select

from adapters.outbound.postgres import notifications
from adapters.outbound.postgres.bodies import policy_from
from adapters.outbound.postgres.event_log import APPEND, CHANNEL, NOTIFY, Topic
from adapters.outbound.postgres.incidents import incident_of
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.stalled import have_stalled, newest_run
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import incidents
from adapters.wire import events as wire
from application.ports.escalations import DueRun, PolicyVersions, RunRepository, StepKey, StepTurns
from domain.escalation.plan import Position
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun, RunStatus
from domain.notification.notification import Notification
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, NotificationId, PolicyId, RunId

# Both scans begin at an end of what is due, so neither reads more than it takes.
CLAIM = """
WITH oldest AS (
  SELECT * FROM escalation_runs WHERE next_deadline <= $1
  ORDER BY next_deadline, id LIMIT ($2::int + 1) / 2 FOR UPDATE SKIP LOCKED
), newest AS (
  SELECT * FROM escalation_runs WHERE next_deadline <= $1 AND id NOT IN (SELECT id FROM oldest)
  ORDER BY next_deadline DESC, id DESC LIMIT $2::int / 2 FOR UPDATE SKIP LOCKED
)
SELECT * FROM oldest UNION ALL SELECT * FROM newest
"""
# Read once the runs are held: who acknowledges holds them too, so whatever was said before is seen (P3). In the
# statement that claims them the incidents would be as they were when it began.
OF_INCIDENTS = """
SELECT i.*, s.name AS service_name, s.runbook_url, s.tier, u.name AS status_by
FROM incidents i JOIN services s ON s.id = i.service_id
LEFT JOIN users u ON u.id = coalesce(i.resolved_by, i.acknowledged_by)
WHERE i.id = ANY($1::uuid[])
"""
_SAVE = """
UPDATE escalation_runs r
SET status = n.status, round = n.round, step = n.step, next_deadline = n.next_deadline, version = r.version + 1
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::smallint[], $5::timestamptz[])
  AS n (id, status, round, step, next_deadline) WHERE r.id = n.id
"""
# All that a tick writes, in one way there and back. The braces hold constants of this package.
_RECORD = f"""
WITH run_rows AS (
  UPDATE escalation_runs r SET status = n.status, round = (n.position ->> 0)::smallint,
    step = (n.position ->> 1)::smallint, next_deadline = n.next_deadline, version = r.version + 1
  FROM json_to_recordset($2::json) AS n (id uuid, status text, position json, next_deadline timestamptz)
  WHERE r.id = n.id
), page_rows AS ({notifications.INSERT}), event_rows AS ({APPEND.replace("$1", "$3")}), hints AS (
  ({notifications.WAKE}) UNION ALL
  SELECT pg_notify('{CHANNEL}', '{Topic.EVENTS}') WHERE jsonb_array_length($3::jsonb) > 0
)
SELECT id FROM page_rows UNION ALL SELECT NULL FROM hints
"""  # noqa: S608
_ADD = """
INSERT INTO escalation_runs (id, incident_id, policy_id, policy_version, status, round, step, next_deadline, started_at,
  version)
SELECT n.*, 1 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::smallint[], $7::smallint[],
  $8::timestamptz[], $9::timestamptz[]) AS n
"""
_NEWEST_OF = """
SELECT * FROM escalation_runs WHERE incident_id = $1 ORDER BY started_at DESC, id DESC LIMIT 1 FOR UPDATE
"""
_RUNNING_OF = """
SELECT * FROM escalation_runs WHERE incident_id = ANY($1::uuid[]) AND status = 'running' ORDER BY id FOR UPDATE
"""
_OF_INCIDENT = "SELECT * FROM escalation_runs WHERE incident_id = $1 ORDER BY started_at, id"
EARLIEST = "SELECT min(next_deadline) FROM escalation_runs WHERE next_deadline IS NOT NULL"
_newest_run = newest_run()
_COUNT_STALLED = Statement(
    select(func.count().label("count"))
    .select_from(incidents.outerjoin(_newest_run, incidents.c.status == literal_column("'triggered'", Text)))
    .where(have_stalled(_newest_run, bindparam("at", type_=DateTime(timezone=True))))
)
# In the order of their keys, so that two workers who take turns of the same steps wait for each other in one order.
_TAKE_TURNS = """
INSERT INTO step_turns AS t (policy_id, step, taken)
SELECT n.policy_id, n.step, n.count FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n (policy_id, step, count)
ORDER BY n.policy_id, n.step
ON CONFLICT (policy_id, step) DO UPDATE SET taken = t.taken + excluded.taken
RETURNING policy_id, step, taken
"""
_TURNS = """
SELECT t.policy_id, t.step, t.taken FROM step_turns t
JOIN unnest($1::uuid[], $2::bigint[]) AS n (policy_id, step) ON t.policy_id = n.policy_id AND t.step = n.step
"""
_NEWEST_FOR = """
SELECT i.id AS incident_id, v.body FROM incidents i JOIN services s ON s.id = i.service_id
LEFT JOIN policies r ON r.id = i.policy_id
JOIN policies p ON p.id = coalesce(r.id, s.policy_id)
JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.version
WHERE i.id = ANY($1::uuid[])
"""


# Some kilobytes each.
KEPT_POLICIES: Final = 1_000

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PostgresRunRepository(RunRepository):
    session: PostgresSession

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueRun, ...]:
        claimed = await self.session.fetch(CLAIM, at, limit)
        if not claimed:
            return ()
        runs = [_run_of(row) for row in sorted(claimed, key=itemgetter("next_deadline", "id"))]
        rows = await self.session.fetch(OF_INCIDENTS, [run.incident_id for run in runs])
        by_id = {row["id"]: row for row in rows}
        return tuple(_due(run, by_id[run.incident_id]) for run in runs)

    async def save(self, runs: Sequence[EscalationRun]) -> None:
        if not runs:
            return
        await self.session.connection.execute(
            _SAVE,
            [run.id for run in runs],
            [run.status for run in runs],
            [None if run.position is None else run.position.round for run in runs],
            [None if run.position is None else run.position.step for run in runs],
            [run.next_deadline for run in runs],
        )

    async def record(
        self, runs: Sequence[EscalationRun], *, pages: Sequence[Notification], events: Sequence[DomainEvent]
    ) -> frozenset[NotificationId]:
        rows = await self.session.fetch(_RECORD, _encode(pages), _encode(runs), wire.encode_many(events))
        return frozenset(NotificationId(row["id"]) for row in rows if row["id"] is not None)

    async def add(self, runs: Sequence[EscalationRun]) -> None:
        if not runs:
            return
        await self.session.connection.execute(
            _ADD,
            [run.id for run in runs],
            [run.incident_id for run in runs],
            [run.policy_id for run in runs],
            [run.policy_version for run in runs],
            [run.status for run in runs],
            [None if run.position is None else run.position.round for run in runs],
            [None if run.position is None else run.position.step for run in runs],
            [run.next_deadline for run in runs],
            [run.started_at for run in runs],
        )
        await self.session.connection.execute(NOTIFY, CHANNEL, Topic.RUNS)

    async def newest_of(self, incident_id: IncidentId) -> EscalationRun | None:
        rows = await self.session.fetch(_NEWEST_OF, incident_id)
        return _run_of(rows[0]) if rows else None

    async def running_of(self, incident_ids: Collection[IncidentId]) -> tuple[EscalationRun, ...]:
        rows = await self.session.fetch(_RUNNING_OF, list(incident_ids))
        return tuple(_run_of(row) for row in rows)

    async def of_incident(self, incident_id: IncidentId) -> tuple[EscalationRun, ...]:
        rows = await self.session.fetch(_OF_INCIDENT, incident_id)
        return tuple(_run_of(row) for row in rows)

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(EARLIEST)
        return earliest

    async def count_stalled(self, *, at: datetime) -> int:
        (row,) = await self.session.rows(_COUNT_STALLED, at=at)
        return int(row["count"])


@dataclass(frozen=True, slots=True)
class KeptPolicies:
    """Versions of policies that this process has read. They never change, and every tick asks for the same few."""

    by_version: dict[tuple[PolicyId, int], EscalationPolicy] = field(default_factory=dict, init=False)

    def keep(self, found: Mapping[tuple[PolicyId, int], EscalationPolicy]) -> None:
        if len(self.by_version) + len(found) > KEPT_POLICIES:
            self.by_version.clear()
        self.by_version.update(found)


@dataclass(frozen=True, slots=True)
class PostgresPolicyVersions(PolicyVersions):
    """A version is remembered once it is read: ask for one only when it is committed, as that of a run is."""

    session: PostgresSession
    kept: KeptPolicies

    async def get_many(
        self, versions: Collection[tuple[PolicyId, int]]
    ) -> Mapping[tuple[PolicyId, int], EscalationPolicy]:
        kept = self.kept.by_version
        found = {each: kept[each] for each in versions if each in kept}  # before others make room
        missing = await self._read([each for each in versions if each not in found])
        self.kept.keep(missing)
        return {**found, **missing}

    async def _read(self, wanted: Sequence[tuple[PolicyId, int]]) -> Mapping[tuple[PolicyId, int], EscalationPolicy]:
        if not wanted:
            return {}
        rows = await self.session.fetch(
            "SELECT v.* FROM policy_versions v"
            " JOIN unnest($1::uuid[], $2::int[]) AS w (policy_id, version) USING (policy_id, version)",
            [policy_id for policy_id, _ in wanted],
            [version for _, version in wanted],
        )
        return {(PolicyId(row["policy_id"]), row["version"]): policy_from(row["body"]) for row in rows}

    async def newest_for(self, incident_ids: Collection[IncidentId]) -> Mapping[IncidentId, EscalationPolicy]:
        rows = await self.session.fetch(_NEWEST_FOR, list(incident_ids))
        return {IncidentId(row["incident_id"]): policy_from(row["body"]) for row in rows}


@dataclass(frozen=True, slots=True)
class PostgresStepTurns(StepTurns):
    session: PostgresSession

    async def take(self, counts: Mapping[StepKey, int]) -> Mapping[StepKey, int]:
        rows = await self.session.fetch(
            _TAKE_TURNS, [key.policy_id for key in counts], [key.step for key in counts], list(counts.values())
        )
        taken = {StepKey(PolicyId(row["policy_id"]), row["step"]): row["taken"] for row in rows}
        return {key: taken[key] - count for key, count in counts.items()}

    async def upcoming(self, keys: Collection[StepKey]) -> Mapping[StepKey, int]:
        if not keys:
            return {}
        rows = await self.session.fetch(_TURNS, [key.policy_id for key in keys], [key.step for key in keys])
        taken = {StepKey(PolicyId(row["policy_id"]), row["step"]): row["taken"] for row in rows}
        return {key: taken.get(key, 0) for key in keys}


def _due(run: EscalationRun, row: Row) -> DueRun:
    return DueRun(run, notifications.subject_of(row, incident_of(row)), row["tier"])


def _run_of(row: Row) -> EscalationRun:
    return EscalationRun(
        id=RunId(row["id"]),
        incident_id=IncidentId(row["incident_id"]),
        policy_id=PolicyId(row["policy_id"]),
        policy_version=row["policy_version"],
        status=RunStatus(row["status"]),
        position=None if row["round"] is None else Position(row["round"], row["step"]),
        next_deadline=row["next_deadline"],
        started_at=row["started_at"],
        version=row["version"],
    )
