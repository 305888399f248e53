from dataclasses import dataclass

from application.authorize import require
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class RetitleIncident:
    """A responder says better what an incident is."""

    incidents: IncidentRepository
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, title: str, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `InvalidValueError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            change = incident.retitle(title, by=actor.user_id, via=actor.via, at=at)
            return await self.decide(
                "retitle", incident, change, actor=actor, at=at, details={"title": change.state.title}
            )
