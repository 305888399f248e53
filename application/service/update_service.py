from dataclasses import dataclass, replace

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.references import References
from application.ports.services import ServiceRepository
from application.ports.transaction import Transaction
from application.references import require_known
from application.service.service_references import references_of
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.service import Service, UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.ids import PolicyId, ServiceId, TeamId


@dataclass(frozen=True, slots=True)
class UpdateService:
    """A service is described anew; given to another team, its integrations go with it."""

    services: ServiceRepository
    integrations: IntegrationRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        service_id: ServiceId,
        *,
        team_id: TeamId,
        policy_id: PolicyId,
        name: str,
        description: str,
        runbook_url: str | None,
        urgency_rule: UrgencyRule,
        tier: int | None,
        support_hours: SupportHours | None,
        acknowledgements_required: int,
        version: int | None = None,
        actor: Actor,
    ) -> Service:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        async with self.transaction:
            before = await self.services.get(service_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("service", service_id, expected=version, stored=before.version)
            wanted = replace(
                before,
                team_id=team_id,
                policy_id=policy_id,
                name=name.strip(),
                description=description.strip(),
                runbook_url=runbook_url,
                urgency_rule=urgency_rule,
                tier=tier,
                support_hours=support_hours,
                acknowledgements_required=acknowledgements_required,
            )
            await require_known(self.references, references_of(team_id=team_id, policy_id=policy_id))
            stored = await self.services.save(wanted)
            if stored.team_id != before.team_id:
                await self.integrations.hand_over(service_id, team_id=stored.team_id)
            await self.record_audit(
                "service.update",
                service_id,
                actor=actor,
                at=self.clock.now(),
                before=describe(before),
                after=describe(stored),
            )
            return stored
