from dataclasses import dataclass

from application.alert.clear import ClearAlerts
from application.alert.find_ended_overflows import FindEndedOverflows
from application.audit.record import RecordAudit
from application.authorize import require
from application.dependency.upstream import EndSuffering
from application.escalation.stop import StopEscalations
from application.inhibition.inhibited import EndInhibitions
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId
from domain.shared.via import Via


@dataclass(frozen=True, slots=True)
class ResolveIncident:
    """A responder ends an incident. Its alerts are cleared with it, so that the next report of one pages anew.

    Where they leave room for others, the alert that counted what had none is over too.
    """

    incidents: IncidentRepository
    alerts: AlertRepository
    find_ended_overflows: FindEndedOverflows
    clear_alerts: ClearAlerts
    stop_escalations: StopEscalations
    end_inhibitions: EndInhibitions
    end_suffering: EndSuffering
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            # Alerts before their incident, as the intake takes them: one lock order everywhere.
            firing = await self.alerts.firing_of_incident(incident_id)
            overflows = await self.find_ended_overflows(firing)
            if overflows:
                await self.incidents.get_many({incident_id, *(alert.incident_id for alert in overflows)})
            incident = await self.incidents.get(incident_id)
            change = incident.resolve(by=actor.user_id, via=actor.via, at=at)
            if not change.events:
                return incident
            joined_meanwhile = await self.alerts.firing_of_incident(incident_id)
            alerts = {alert.id: alert for alert in (*firing, *joined_meanwhile)}
            await self.alerts.save_cleared([alert.clear(at=at) for alert in alerts.values()])
            saved = await self.incidents.save(change)
            await self.stop_escalations({incident_id}, at=at)
            await self.end_inhibitions(set(alerts), at=at)
            await self.end_suffering({incident.service_id}, at=at)
            await self.clear_alerts(overflows, via=Via.SYSTEM, at=at)
            await self.record_audit(
                "incident.resolve",
                incident_id,
                actor=actor,
                at=at,
                before={"status": incident.status},
                after={"status": saved.status},
            )
            return saved
