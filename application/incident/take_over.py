from dataclasses import dataclass

from application.authorize import require
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.escalations import PolicyVersions
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class TakeOverIncident:
    """A responder becomes the owner of what somebody else has."""

    incidents: IncidentRepository
    policies: PolicyVersions
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            policies = await self.policies.newest_for({incident_id})
            timeout = policies[incident_id].acknowledgement_timeout
            change = incident.take_over(by=actor.user_id, via=actor.via, at=at, timeout=timeout)
            return await self.decide("take_over", incident, change, actor=actor, at=at)
