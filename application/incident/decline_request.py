from dataclasses import dataclass

from application.authorize import require
from application.escalation.stop import StopEscalations
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class DeclineRequest:
    """Somebody who was asked to help says no, or no longer. No page of it waits for them any more."""

    incidents: IncidentRepository
    stop_escalations: StopEscalations
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            change = incident.decline(by=actor.user_id, via=actor.via, at=at)
            saved = await self.decide("decline", incident, change, actor=actor, at=at)
            if change.events:
                await self.stop_escalations.of_person(incident_id, actor.user_id)
            return saved
