from dataclasses import dataclass

from application.authorize import require
from application.ports.heartbeats import HeartbeatRepository
from application.ports.page import Page, PageRequest
from domain.heartbeat.heartbeat import Heartbeat
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class ListHeartbeats:
    """Heartbeats by name, of all integrations or of one."""

    heartbeats: HeartbeatRepository

    async def __call__(
        self, page: PageRequest, *, integration_id: IntegrationId | None = None, actor: Actor
    ) -> Page[Heartbeat]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.heartbeats.list(page, integration_id=integration_id)
