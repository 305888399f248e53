from dataclasses import dataclass

from application.authorize import require
from application.ports.clock import Clock
from application.ports.ending import EndingQuery, EndKey
from application.ports.maintenance import MaintenanceRepository
from application.ports.page import Page
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.maintenance import MaintenanceWindow
from domain.shared.ids import TeamId
from domain.shared.limits import PAGE_DEFAULT


@dataclass(frozen=True, slots=True)
class ListMaintenance:
    """Maintenance windows that are not over, by when they are over for good."""

    windows: MaintenanceRepository
    clock: Clock

    async def __call__(
        self,
        *,
        team_id: TeamId | None = None,
        limit: int = PAGE_DEFAULT,
        after: EndKey | None = None,
        actor: Actor,
    ) -> Page[MaintenanceWindow]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.windows.list(EndingQuery(since=self.clock.now(), team_id=team_id, limit=limit, after=after))
