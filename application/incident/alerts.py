from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page
from application.ports.readers import IncidentReader, IncidentRef, OldestFirst
from domain.alert.alert import Alert
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListAlerts:
    """Somebody looks at what the senders reported."""

    incidents: IncidentReader

    async def __call__(self, ref: IncidentRef, request: OldestFirst, *, actor: Actor) -> Page[Alert]:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.incidents.alerts(await self.incidents.find(ref), request)
