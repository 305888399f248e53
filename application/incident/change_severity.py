from dataclasses import dataclass

from application.authorize import require
from application.dependency.upstream import EndSuffering
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.services import ServiceRepository
from application.ports.transaction import Transaction
from application.service.urgency import judged
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId
from domain.shared.severity import Severity


@dataclass(frozen=True, slots=True)
class ChangeSeverity:
    """A responder grades an incident anew; its service's rule says how urgent that makes it."""

    incidents: IncidentRepository
    services: ServiceRepository
    decide: DecideOnIncident
    end_suffering: EndSuffering
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, severity: Severity, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            service = await self.services.look_up(incident.service_id)
            urgency, rises_at = judged(
                service.urgency_rule, severity, tier=service.tier, support_hours=service.support_hours, at=at
            )
            change = incident.change_severity(
                severity,
                urgency=urgency,
                rises_at=rises_at,
                by=actor.user_id,
                via=actor.via,
                at=at,
            )
            details = {"severity": severity}
            changed = await self.decide("change_severity", incident, change, actor=actor, at=at, details=details)
            if severity > incident.severity:  # it weighs less: what it muted may page
                await self.end_suffering({incident.service_id}, at=at)
            return changed
