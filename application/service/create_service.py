from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.ids import IdFactory
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
class CreateService:
    """A team says what it runs, and whom to page when that breaks."""

    services: ServiceRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        *,
        team_id: TeamId,
        policy_id: PolicyId,
        name: str,
        description: str = "",
        runbook_url: str | None = None,
        urgency_rule: UrgencyRule = UrgencyRule.BY_SEVERITY,
        tier: int | None = None,
        support_hours: SupportHours | None = None,
        acknowledgements_required: int = 1,
        actor: Actor,
    ) -> Service:
        """Raises `ForbiddenError`, `InvalidValueError`, `ConflictError` when the name is taken."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        service = Service(
            id=ServiceId(self.ids.new()),
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
        async with self.transaction:
            await require_known(self.references, references_of(team_id=team_id, policy_id=policy_id))
            stored = await self.services.save(service)
            await self.record_audit(
                "service.create", stored.id, actor=actor, at=self.clock.now(), after=describe(stored)
            )
            return stored
