from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, repeat

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from adapters.outbound.postgres.event_log import CHANNEL, NOTIFY, Topic, append_events
from adapters.outbound.postgres.group_keys import group_key_of
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import incidents
from application.errors import ConflictError, NotFoundError
from application.ports.incidents import IncidentRepository
from domain.incident.acknowledgement import Acknowledgement
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.mute import Mute
from domain.incident.responder import Responder
from domain.shared.change import Change
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IncidentId, PolicyId, ServiceId, TeamId, UserId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

# FOR NO KEY UPDATE: a worker that adds a page refers to the incident, which must not wait for whoever decides on it
# and waits for the worker's run in turn.
_GET = Statement(select(incidents).where(incidents.c.id == bindparam("incident_id")).with_for_update(key_share=True))
_GET_MANY = Statement(
    select(incidents)
    .where(incidents.c.id == bindparam("incident_ids", type_=ARRAY(UUID(as_uuid=True))).any_())
    .order_by(incidents.c.service_id, incidents.c.group_key.collate("C"), incidents.c.id)
    .with_for_update(key_share=True)
)
_OF_NUMBER = Statement(select(incidents.c.id).where(incidents.c.number == bindparam("number_")))
_OPEN_ONE = "SELECT * FROM incidents WHERE service_id = $1 AND group_key = $2 AND status <> 'resolved'"
_REOPENABLE = """
SELECT i.* FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS k (service_id, group_key, since)
CROSS JOIN LATERAL (
  SELECT r.id FROM incidents r
  WHERE r.service_id = k.service_id AND r.group_key = k.group_key AND r.status = 'resolved' AND r.resolved_at >= k.since
  ORDER BY r.resolved_at DESC LIMIT 1
) AS last
JOIN incidents i ON i.id = last.id AND i.status = 'resolved' AND (i.joins_until IS NULL OR i.joins_until > $4)
ORDER BY i.service_id, i.group_key COLLATE "C" FOR NO KEY UPDATE OF i
"""
# What an act can change, and the types that they have in storage.
_MUTABLE = {
    "title": "text",
    "severity": "text",
    "urgency": "text",
    "status": "text",
    "acknowledgements": "uuid[]",
    "acknowledgement_times": "timestamptz[]",
    "acknowledged_at": "timestamptz",
    "acknowledged_by": "uuid",
    "acknowledgement_expires_at": "timestamptz",
    "snoozed_until": "timestamptz",
    "rises_at": "timestamptz",
    "policy_id": "uuid",
    "responders": "jsonb",
    "muted": "jsonb",
    "resolved_at": "timestamptz",
    "resolved_by": "uuid",
    "version": "int",
    "next_deadline": "timestamptz",
}
# The braces hold constants of this module, never a value.
_UPDATE = f"""
UPDATE incidents i SET {", ".join(f"{name} = n.{name}" for name in _MUTABLE)}
FROM json_to_recordset($1::json) AS n (id uuid, {", ".join(f"{name} {kind}" for name, kind in _MUTABLE.items())})
WHERE i.id = n.id AND i.version = n.version - 1
"""  # noqa: S608
CLAIM = """
SELECT * FROM incidents WHERE next_deadline <= $1 ORDER BY next_deadline, id LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED
"""
_MUTED_BY = """
SELECT * FROM incidents WHERE muted ->> 'by' = ANY($1::text[]) AND muted IS NOT NULL AND status = 'triggered'
ORDER BY service_id, group_key COLLATE "C", id FOR NO KEY UPDATE
"""
EARLIEST = "SELECT min(next_deadline) FROM incidents WHERE next_deadline IS NOT NULL"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PostgresIncidentRepository(IncidentRepository):
    session: PostgresSession

    async def get(self, incident_id: IncidentId) -> Incident:
        row = await self.session.row(_GET, incident_id=incident_id)
        if row is None:
            raise NotFoundError("incident", incident_id)
        return incident_of(row)

    async def get_many(self, incident_ids: Collection[IncidentId]) -> tuple[Incident, ...]:
        if not incident_ids:
            return ()
        return tuple(incident_of(row) for row in await self.session.rows(_GET_MANY, incident_ids=sorted(incident_ids)))

    async def id_of_number(self, number: int) -> IncidentId:
        row = await self.session.row(_OF_NUMBER, number_=number)
        if row is None:
            raise NotFoundError("incident", f"INC-{number}")
        return IncidentId(row["id"])

    async def save(self, change: Change[Incident]) -> Incident:
        (stored,) = await self.save_all((change,))
        return stored

    async def save_all(self, changes: Sequence[Change[Incident]]) -> tuple[Incident, ...]:
        stored = [replace(state, version=state.version + 1) if events else state for state, events in changes]
        written = [state for state, (_, events) in zip(stored, changes, strict=True) if events]
        if not written:
            return tuple(stored)
        rows = [_row_of(state) for state in written]
        touched = await self.session.connection.execute(_UPDATE, _encode(rows))
        if int(touched.rpartition(" ")[2]) != len(written):
            raise ConflictError("incident", written[0].id)
        await append_events(self.session.connection, [event for _, events in changes for event in events])
        if any(state.next_deadline is not None for state in written):
            await self.session.connection.execute(NOTIFY, CHANNEL, Topic.INCIDENTS)
        return tuple(stored)

    async def muted_by(self, *by: str) -> tuple[Incident, ...]:
        return tuple(incident_of(row) for row in await self.session.fetch(_MUTED_BY, by))

    async def reopenable(
        self, since: Mapping[tuple[ServiceId, str], datetime], *, at: datetime
    ) -> tuple[Incident, ...]:
        if not since:
            return ()
        groups = sorted(since)
        services, keys = [service_id for service_id, _ in groups], [key for _, key in groups]
        rows = await self.session.fetch(_REOPENABLE, services, keys, [since[group] for group in groups], at)
        return tuple(incident_of(row) for row in rows)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[Incident, ...]:
        return tuple(incident_of(row) for row in await self.session.fetch(CLAIM, at, limit))

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(EARLIEST)
        return earliest

    async def open_one(self, service_id: ServiceId, group_key: str) -> Incident | None:
        rows = await self.session.fetch(_OPEN_ONE, service_id, group_key)
        return incident_of(rows[0]) if rows else None


def _row_of(incident: Incident) -> dict[str, object]:
    given = incident.acknowledgements
    arrays = {"acknowledgements": [each.by for each in given], "acknowledgement_times": [each.at for each in given]}
    return {name: arrays[name] if name in arrays else getattr(incident, name) for name in ("id", *_MUTABLE)}


def incident_of(row: Row) -> Incident:
    return Incident(
        id=IncidentId(row["id"]),
        number=row["number"],
        service_id=ServiceId(row["service_id"]),
        team_id=TeamId(row["team_id"]),
        group_key=group_key_of(row),
        title=row["title"],
        severity=Severity(row["severity"]),
        urgency=Urgency(row["urgency"]),
        status=IncidentStatus(row["status"]),
        triggered_at=row["triggered_at"],
        acknowledgements_required=row["acknowledgements_required"],
        acknowledgements=_acknowledgements_of(row),
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=None if row["acknowledged_by"] is None else UserId(row["acknowledged_by"]),
        acknowledgement_expires_at=row["acknowledgement_expires_at"],
        snoozed_until=row["snoozed_until"],
        rises_at=row["rises_at"],
        policy_id=None if row["policy_id"] is None else PolicyId(row["policy_id"]),
        group_window=msgspec.convert(row["group_window"], GroupWindow | None),
        followed_by=None if row["followed_by"] is None else IncidentId(row["followed_by"]),
        responders=msgspec.convert(row["responders"], tuple[Responder, ...]),
        muted=msgspec.convert(row["muted"], Mute | None),
        resolved_at=row["resolved_at"],
        resolved_by=None if row["resolved_by"] is None else UserId(row["resolved_by"]),
        version=row["version"],
    )


def _acknowledgements_of(row: Row) -> tuple[Acknowledgement, ...]:
    """A process of the version before writes no times; of those it is known when there were enough of them."""
    times = chain(row["acknowledgement_times"], repeat(row["acknowledged_at"] or row["triggered_at"]))
    return tuple(Acknowledgement(UserId(by), at) for by, at in zip(row["acknowledgements"], times, strict=False))
