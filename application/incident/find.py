from dataclasses import dataclass

from application.authorize import may, require
from application.ports.readers import IncidentReader, IncidentRef
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class FindIncident:
    """Somebody names an incident by its id or by its number, to do something about it."""

    incidents: IncidentReader

    async def __call__(self, ref: IncidentRef, *, actor: Actor) -> IncidentId:
        """Raises `ForbiddenError`, `NotFoundError`."""
        if not may(actor, Permission.READ):
            require(actor, Permission.RESPOND)  # a key made only to respond need not be able to read
        return await self.incidents.find(ref)
