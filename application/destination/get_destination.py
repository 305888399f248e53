from dataclasses import dataclass

from application.authorize import require
from application.ports.destinations import DestinationRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.destination import Destination
from domain.shared.ids import DestinationId


@dataclass(frozen=True, slots=True)
class GetDestination:
    destinations: DestinationRepository

    async def __call__(self, destination_id: DestinationId, *, actor: Actor) -> Destination:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.destinations.look_up(destination_id)
