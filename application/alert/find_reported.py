from dataclasses import dataclass
from uuid import UUID

from application.ports.alert_requests import AlertRef, AlertRequest, AlertRequests, ReportedAlert
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class FindReported:
    """A sender looks at what became of its own alerts and requests; its integration's key let it in."""

    requests: AlertRequests

    async def alert(self, integration_id: IntegrationId, ref: AlertRef) -> ReportedAlert | None:
        """Raises `TransientPortError`."""
        return await self.requests.find(integration_id, ref)

    async def request(self, integration_id: IntegrationId, request_id: UUID) -> AlertRequest | None:
        """Raises `TransientPortError`."""
        return await self.requests.get(integration_id, request_id)
