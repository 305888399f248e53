from dataclasses import dataclass
from typing import Final, NamedTuple

from application.authorize import require
from application.ports.integrations import IntegrationRepository
from application.ports.received import Received, ReceivedReader
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.integration import Integration
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId
from domain.shared.limits import MAPPING_TRIED

# As long as the longest body that a mapping is applied to.
BODY_BYTES: Final = 1024 * 1024


class ReceivedBodies(NamedTuple):
    integration: Integration
    bodies: tuple[Received, ...]


@dataclass(frozen=True, slots=True)
class ReadReceived:
    """The last bodies that an integration was sent, for whoever configures it: they may hold what others keep quiet."""

    integrations: IntegrationRepository
    received: ReceivedReader

    async def __call__(self, integration_id: IntegrationId, *, limit: int, actor: Actor) -> ReceivedBodies:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        integration = await self.integrations.look_up(integration_id)
        require(actor, Permission.CONFIGURE, team_id=integration.team_id)
        if not 1 <= limit <= MAPPING_TRIED:
            raise InvalidValueError("limit", f"is {limit}, allowed are 1 to {MAPPING_TRIED}")
        bodies = await self.received.last(integration_id, most=limit, body_bytes=BODY_BYTES)
        return ReceivedBodies(integration, bodies)
