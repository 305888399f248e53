from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.intake import IntakeStore
from application.ports.policies import PolicyRepository
from application.ports.services import ServiceRepository
from application.ports.transaction import Transaction
from application.service.urgency import judged
from domain.escalation.run import EscalationRun
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident, IncidentDraft
from domain.shared.ids import IncidentId, RunId, ServiceId
from domain.shared.limits import SUMMARY_CHARACTERS
from domain.shared.severity import Severity
from domain.shared.text import require_length


@dataclass(frozen=True, slots=True)
class TriggerIncident:
    """A person declares an incident, which pages like any other."""

    services: ServiceRepository
    policies: PolicyRepository
    intake: IntakeStore
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, service_id: ServiceId, *, title: str, severity: Severity, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require(actor, Permission.RESPOND)
        require_length("title", title, most=SUMMARY_CHARACTERS)
        async with self.transaction:
            at = self.clock.now()
            service = await self.services.get(service_id)
            policy = await self.policies.get(service.policy_id)
            incident_id = IncidentId(self.ids.new())
            urgency, rises_at = judged(
                service.urgency_rule, severity, tier=service.tier, support_hours=service.support_hours, at=at
            )
            draft = IncidentDraft(
                id=incident_id,
                service_id=service.id,
                team_id=service.team_id,
                group_key=f"declared:{incident_id}",  # its own group: nothing joins what a person declared
                title=title.strip(),
                severity=severity,
                urgency=urgency,
                triggered_at=at,
                acknowledgements_required=service.acknowledgements_required,
                rises_at=rises_at,
            )
            (opened,) = (await self.intake.open_incidents((draft,))).values()
            change = Incident.trigger(draft, number=opened.number, via=actor.via, by=actor.user_id)
            run = EscalationRun.start(
                RunId(self.ids.new()),
                incident_id=incident_id,
                policy_id=policy.id,
                policy_version=policy.version,
                at=at,
            )
            await self.intake.record(alerts=(), runs=(run,), events=change.events, raw_events=())
            await self.record_audit(
                "incident.trigger", incident_id, actor=actor, at=at, after={"title": draft.title, "severity": severity}
            )
            return change.state
