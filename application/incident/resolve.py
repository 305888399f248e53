from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import NotFoundError
from application.incident.end import EndIncidents
from application.ports.clock import Clock
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class ResolveIncident:
    """A responder ends an incident. Resolving it again has no effect."""

    end_incidents: EndIncidents
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            held = await self.end_incidents.hold({incident_id})
            incident = held.incidents.get(incident_id)
            if incident is None:
                raise NotFoundError("incident", incident_id)
            change = incident.resolve(by=actor.user_id, via=actor.via, at=at)
            if not change.events:
                return incident
            (saved,) = await self.end_incidents.end(held, [change], at=at)
            await self.record_audit(
                "incident.resolve",
                incident_id,
                actor=actor,
                at=at,
                before={"status": incident.status},
                after={"status": saved.status},
            )
            return saved
