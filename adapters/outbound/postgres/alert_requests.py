from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from adapters.outbound.postgres.alerts import alert_of
from adapters.outbound.postgres.named import inserting
from adapters.outbound.postgres.session import PostgresSession
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import alert_requests
from application.ports.alert_requests import AlertRef, AlertRequest, AlertRequests, NamedBy, ReportedAlert
from domain.incident.incident import IncidentStatus
from domain.shared.ids import AlertId, IntegrationId

_BY_ALIAS = """
SELECT a.*, i.number, i.status AS incident_status FROM (
  (SELECT f.id, 0 AS place FROM alerts f
   WHERE f.integration_id = $1 AND f.dedup_key = $2 AND f.status = 'firing')
  UNION ALL
  (SELECT r.alert_id, 1 FROM alert_requests r
   WHERE r.integration_id = $1 AND r.alias = $2 AND r.alert_id IS NOT NULL ORDER BY r.id DESC LIMIT 1)
) AS found JOIN alerts a ON a.id = found.id JOIN incidents i ON i.id = a.incident_id ORDER BY place LIMIT 1
"""
_BY_ID = """
SELECT a.*, i.number, i.status AS incident_status FROM alerts a JOIN incidents i ON i.id = a.incident_id
WHERE a.id = $2 AND a.integration_id = $1
"""
_BY_NUMBER = """
SELECT a.*, i.number, i.status AS incident_status FROM incidents i JOIN alerts a ON a.incident_id = i.id
WHERE i.number = $2 AND a.integration_id = $1 ORDER BY a.id LIMIT 1
"""
_LARGEST_NUMBER: Final = 2**63 - 1
_GET = Statement(
    select(alert_requests).where(
        alert_requests.c.id == bindparam("key", None), alert_requests.c.integration_id == bindparam("owner", None)
    )
)
_ADD = inserting(alert_requests, *alert_requests.c.keys())


@dataclass(frozen=True, slots=True)
class PostgresAlertRequests(AlertRequests):
    session: PostgresSession

    async def find(self, integration_id: IntegrationId, ref: AlertRef) -> ReportedAlert | None:
        statement, name = _statement_for(ref)
        rows = [] if name is None else await self.session.fetch(statement, integration_id, name)
        if not rows:
            return None
        return ReportedAlert(alert_of(rows[0]), rows[0]["number"], IncidentStatus(rows[0]["incident_status"]))

    async def get(self, integration_id: IntegrationId, request_id: UUID) -> AlertRequest | None:
        row = await self.session.row(_GET, key=request_id, owner=integration_id)
        if row is None:
            return None
        return AlertRequest(
            id=row["id"],
            integration_id=IntegrationId(row["integration_id"]),
            requested_at=row["requested_at"],
            action=row["action"],
            alias=row["alias"],
            alert_id=None if row["alert_id"] is None else AlertId(row["alert_id"]),
            is_success=row["is_success"],
            outcome=row["outcome"],
        )

    async def add(self, request: AlertRequest) -> None:
        await self.session.execute(_ADD, **asdict(request))


def _statement_for(ref: AlertRef) -> tuple[str, str | UUID | int | None]:
    """With what it looks for; None: nothing has such a name."""
    match ref.by:
        case NamedBy.ALIAS:
            return _BY_ALIAS, ref.name
        case NamedBy.ID:
            return _BY_ID, _uuid(ref.name)
        case NamedBy.NUMBER:
            return _BY_NUMBER, _number(ref.name)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_NUMBER))
    return int(text) if is_number and int(text) <= _LARGEST_NUMBER else None
