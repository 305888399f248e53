from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page
from application.ports.readers import DeliveryRecord, IncidentReader, IncidentRef, OldestFirst
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListDeliveries:
    """Somebody asks who was told, when, and what became of it."""

    incidents: IncidentReader

    async def __call__(self, ref: IncidentRef, request: OldestFirst, *, actor: Actor) -> Page[DeliveryRecord]:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.incidents.deliveries(await self.incidents.find(ref), request)
