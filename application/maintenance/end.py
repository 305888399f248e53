from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.incident.end_mutes import end_mutes
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.maintenance import MaintenanceRepository
from application.ports.transaction import Transaction
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.maintenance import MaintenanceWindow
from domain.shared.ids import MaintenanceId


@dataclass(frozen=True, slots=True)
class EndMaintenance:
    """A team is done, for good: what still fires pages now. To plan it otherwise, another window is made."""

    windows: MaintenanceRepository
    incidents: IncidentRepository
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, maintenance_id: MaintenanceId, *, actor: Actor) -> MaintenanceWindow:
        """Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` when it is over."""
        async with self.transaction:
            at = self.clock.now()
            before = await self.windows.get(maintenance_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            stored = await self.windows.save(before.end(at=at))
            await end_mutes(self.incidents, str(maintenance_id), until=at, at=at)
            await self.record_audit(
                "maintenance.end",
                maintenance_id,
                actor=actor,
                at=at,
                before=describe(before),
                after=describe(stored),
            )
        self.cache.forget()
        return stored
