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
class RaiseUrgency:
    """A responder says that an incident must wake people after all."""

    incidents: IncidentRepository
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            change = incident.raise_urgency(by=actor.user_id, via=actor.via, at=at)
            return await self.decide(
                "raise_urgency", incident, change, actor=actor, at=at, details={"urgency": change.state.urgency}
            )
