from dataclasses import dataclass

from application.authorize import require
from application.escalation.stop import StopEscalations
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.escalations import PolicyVersions
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class AcknowledgeIncident:
    """A responder takes an incident, which stops its escalation.

    Where more of them are required, it goes on paging the others, and this one no longer.
    """

    incidents: IncidentRepository
    policies: PolicyVersions
    stop_escalations: StopEscalations
    decide: DecideOnIncident
    transaction: Transaction  # commits when left normally, undoes everything when left by an exception
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            policies = await self.policies.newest_for({incident_id})
            timeout = policies[incident_id].acknowledgement_timeout
            change = incident.acknowledge(by=actor.user_id, via=actor.via, at=at, timeout=timeout)
            saved = await self.decide("acknowledge", incident, change, actor=actor, at=at)
            if change.events and saved.status is IncidentStatus.TRIGGERED:
                await self.stop_escalations.of_person(incident_id, actor.user_id)
            return saved
