from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.postgres.bodies import policy_from
from adapters.outbound.postgres.event_log import CHANNEL, NOTIFY, Topic
from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.escalations import DueRun, PolicyVersions, RunRepository, StepKey, StepTurns
from domain.escalation.plan import Position
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun, RunStatus
from domain.shared.ids import IncidentId, PolicyId, RunId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

_CLAIM = """
SELECT r.*, i.urgency, i.severity FROM escalation_runs r JOIN incidents i ON i.id = r.incident_id
WHERE r.next_deadline <= $1 ORDER BY r.next_deadline, r.id LIMIT $2 FOR UPDATE OF r SKIP LOCKED
"""
_SAVE = """
UPDATE escalation_runs r
SET status = n.status, round = n.round, step = n.step, next_deadline = n.next_deadline, version = r.version + 1
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::smallint[], $5::timestamptz[])
  AS n (id, status, round, step, next_deadline) WHERE r.id = n.id
"""
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
_EARLIEST = "SELECT min(next_deadline) FROM escalation_runs WHERE next_deadline IS NOT NULL"
# An incident whose policy is exhausted says so; everything else open and unanswered must have a deadline to come. Only
# its newest run counts: what an earlier one came to excuses nothing.
_COUNT_STALLED = """
SELECT count(*) FROM incidents i
LEFT JOIN LATERAL (
  SELECT r.status, r.next_deadline FROM escalation_runs r
  WHERE r.incident_id = i.id ORDER BY r.started_at DESC, r.id DESC LIMIT 1
) newest ON i.status = 'triggered'
WHERE i.status <> 'resolved' AND (
  i.next_deadline <= $1
  OR (i.status = 'triggered' AND (newest.status = 'exhausted' OR newest.next_deadline > $1) IS NOT TRUE)
)
"""
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
JOIN policies p ON p.id = coalesce(i.policy_id, s.policy_id)
JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.version
WHERE i.id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class PostgresRunRepository(RunRepository):
    session: PostgresSession

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueRun, ...]:
        rows = await self.session.fetch(_CLAIM, at, limit)
        return tuple(DueRun(_run_of(row), Urgency(row["urgency"]), Severity(row["severity"])) for row in rows)

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
            earliest: datetime | None = await connection.fetchval(_EARLIEST)
        return earliest

    async def count_stalled(self, *, at: datetime) -> int:
        async with self.session.any_connection() as connection:
            return int(await connection.fetchval(_COUNT_STALLED, at))


@dataclass(frozen=True, slots=True)
class PostgresPolicyVersions(PolicyVersions):
    session: PostgresSession

    async def get_many(
        self, versions: Collection[tuple[PolicyId, int]]
    ) -> Mapping[tuple[PolicyId, int], EscalationPolicy]:
        wanted = list(versions)
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
