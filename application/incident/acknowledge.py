from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.escalation.stop import StopEscalations
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class AcknowledgeIncident:
    """A responder takes an incident, which stops its escalation."""

    incidents: IncidentRepository
    stop_escalations: StopEscalations
    record_audit: RecordAudit
    transaction: Transaction  # commits when left normally, undoes everything when left by an exception
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            change = incident.acknowledge(by=actor.user_id, via=actor.via, at=at)
            if not change.events:
                return incident
            saved = await self.incidents.save(change)
            await self.stop_escalations({incident_id}, at=at)
            await self.record_audit(
                "incident.acknowledge",
                incident_id,
                actor=actor,
                at=at,
                before={"status": incident.status},
                after={"status": saved.status},
            )
            return saved
