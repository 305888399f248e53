from dataclasses import dataclass

from application.authorize import require
from application.ports.maintenance import MaintenanceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.maintenance import MaintenanceWindow
from domain.shared.ids import MaintenanceId


@dataclass(frozen=True, slots=True)
class GetMaintenance:
    """One maintenance window, over or not."""

    windows: MaintenanceRepository

    async def __call__(self, maintenance_id: MaintenanceId, *, actor: Actor) -> MaintenanceWindow:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.windows.look_up(maintenance_id)
