from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page
from application.ports.readers import IncidentQuery, IncidentReader, IncidentSummary
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListIncidents:
    """Somebody looks at what is going on, or at what went on."""

    incidents: IncidentReader

    async def __call__(self, query: IncidentQuery, *, actor: Actor) -> Page[IncidentSummary]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.incidents.list(query)
