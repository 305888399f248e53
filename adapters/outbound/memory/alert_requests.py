from dataclasses import dataclass
from uuid import UUID

from adapters.outbound.memory.database import MemorySession
from application.ports.alert_requests import AlertRef, AlertRequest, AlertRequests, NamedBy, ReportedAlert
from domain.alert.alert import Alert, AlertStatus
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class MemoryAlertRequests(AlertRequests):
    session: MemorySession

    async def find(self, integration_id: IntegrationId, ref: AlertRef) -> ReportedAlert | None:
        database = self.session.database
        theirs = [each for each in database.alerts.values() if each.integration_id == integration_id]
        alert = self._by_alias(theirs, ref.name) if ref.by is NamedBy.ALIAS else self._by_name(theirs, ref)
        if alert is None:
            return None
        incident = database.incidents[alert.incident_id]
        return ReportedAlert(alert, incident.number, incident.status)

    async def get(self, integration_id: IntegrationId, request_id: UUID) -> AlertRequest | None:
        request = self.session.database.alert_requests.get(request_id)
        return request if request is not None and request.integration_id == integration_id else None

    async def add(self, request: AlertRequest) -> None:
        self.session.database.alert_requests[request.id] = request

    def _by_alias(self, theirs: list[Alert], alias: str) -> Alert | None:
        named = [each for each in theirs if each.dedup_key == alias]
        firing = next((each for each in named if each.status is AlertStatus.FIRING), None)
        requests = sorted(self.session.database.alert_requests.values(), key=lambda each: each.id, reverse=True)
        ids = [each.alert_id for each in requests if each.alias == alias and each.alert_id is not None]
        last = next((alert for alert_id in ids for alert in named if alert.id == alert_id), None)
        return firing or last

    def _by_name(self, theirs: list[Alert], ref: AlertRef) -> Alert | None:
        incidents = self.session.database.incidents
        for alert in sorted(theirs, key=lambda each: each.id):
            name = str(alert.id) if ref.by is NamedBy.ID else str(incidents[alert.incident_id].number)
            if name == ref.name:
                return alert
        return None
