from dataclasses import dataclass, replace

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.escalation.policy_references import references_of
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.policies import PolicyRepository
from application.ports.references import References
from application.ports.transaction import Transaction
from application.references import require_known
from domain.escalation.policy import EscalationPolicy, Step
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import PolicyId, TeamId


@dataclass(frozen=True, slots=True)
class UpdatePolicy:
    """A policy becomes its next version. Runs that have begun keep the one they began with."""

    policies: PolicyRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        policy_id: PolicyId,
        *,
        team_id: TeamId,
        name: str,
        steps: tuple[Step, ...],
        repeats: int,
        version: int | None = None,
        actor: Actor,
    ) -> EscalationPolicy:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        async with self.transaction:
            before = await self.policies.get(policy_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("policy", policy_id, expected=version, stored=before.version)
            wanted = replace(before, team_id=team_id, name=name.strip(), steps=steps, repeats=repeats)
            await require_known(self.references, references_of(wanted), before=references_of(before))
            stored = await self.policies.save(wanted)
            await self.record_audit(
                "policy.update",
                policy_id,
                actor=actor,
                at=self.clock.now(),
                before=describe(before),
                after=describe(stored),
            )
            return stored
