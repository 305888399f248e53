from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.incident.end_mutes import end_mutes
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.inhibitions import InhibitionRepository, InhibitionSources
from application.ports.transaction import Transaction
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import InhibitionId


@dataclass(frozen=True, slots=True)
class RemoveInhibition:
    """A team takes one back: what it mutes pages, if it still fires."""

    inhibitions: InhibitionRepository
    sources: InhibitionSources
    incidents: IncidentRepository
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, inhibition_id: InhibitionId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`."""
        async with self.transaction:
            at = self.clock.now()
            inhibition = await self.inhibitions.look_up(inhibition_id)
            require(actor, Permission.CONFIGURE, team_id=inhibition.team_id)
            for key in sorted(await self.sources.keys_of(inhibition_id)):
                await end_mutes(self.incidents, str(key), until=at, at=at)
            await self.inhibitions.remove(inhibition_id)
            await self.record_audit("inhibition.remove", inhibition_id, actor=actor, at=at, before=describe(inhibition))
        self.cache.forget()
