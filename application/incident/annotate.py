from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class AnnotateIncident:
    """A responder adds a note to the timeline."""

    incidents: IncidentRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, note: str, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            saved = await self.incidents.save(incident.annotate(note, by=actor.user_id, via=actor.via, at=at))
            await self.record_audit("incident.annotate", incident_id, actor=actor, at=at, after={"note": note.strip()})
            return saved
