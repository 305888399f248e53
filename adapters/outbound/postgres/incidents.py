from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from adapters.outbound.postgres.event_log import append_events
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import incidents
from application.errors import ConflictError, NotFoundError
from application.ports.incidents import IncidentRepository
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.severity import Severity
from domain.shared.change import Change
from domain.shared.ids import IncidentId, ServiceId, TeamId, UserId
from domain.shared.urgency import Urgency

_MUTABLE = (
    "status",
    "severity",
    "urgency",
    "acknowledged_at",
    "acknowledged_by",
    "resolved_at",
    "resolved_by",
    "version",
)

# FOR NO KEY UPDATE: a worker that adds a page refers to the incident, which must not wait for whoever decides on it
# and waits for the worker's run in turn.
_GET = Statement(select(incidents).where(incidents.c.id == bindparam("incident_id")).with_for_update(key_share=True))
_GET_MANY = Statement(
    select(incidents)
    .where(incidents.c.id == bindparam("incident_ids", type_=ARRAY(UUID(as_uuid=True))).any_())
    .order_by(incidents.c.id)
    .with_for_update(key_share=True)
)
_OF_NUMBER = Statement(select(incidents.c.id).where(incidents.c.number == bindparam("number_")))
_UPDATE = Statement(
    update(incidents)
    .where(incidents.c.id == bindparam("id_"), incidents.c.version == bindparam("read_version"))
    .values({name: bindparam(name) for name in _MUTABLE})
)


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
        if not change.events:
            return change.state
        stored = replace(change.state, version=change.state.version + 1)
        values = {name: getattr(stored, name) for name in _MUTABLE}
        touched = await self.session.execute(_UPDATE, id_=stored.id, read_version=change.state.version, **values)
        if touched == 0:
            raise ConflictError("incident", stored.id)
        await append_events(self.session.connection, change.events)
        return stored


def incident_of(row: Row) -> Incident:
    return Incident(
        id=IncidentId(row["id"]),
        number=row["number"],
        service_id=ServiceId(row["service_id"]),
        team_id=TeamId(row["team_id"]),
        group_key=row["group_key"],
        title=row["title"],
        severity=Severity(row["severity"]),
        urgency=Urgency(row["urgency"]),
        status=IncidentStatus(row["status"]),
        triggered_at=row["triggered_at"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=None if row["acknowledged_by"] is None else UserId(row["acknowledged_by"]),
        resolved_at=row["resolved_at"],
        resolved_by=None if row["resolved_by"] is None else UserId(row["resolved_by"]),
        version=row["version"],
    )
