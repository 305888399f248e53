from dataclasses import dataclass

from application.authorize import require
from application.ports.readers import IncidentDetail, IncidentReader, IncidentRef
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class GetIncident:
    """Somebody looks at one incident."""

    incidents: IncidentReader

    async def __call__(self, ref: IncidentRef, *, actor: Actor) -> IncidentDetail:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.incidents.get(ref)
