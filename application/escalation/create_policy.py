from dataclasses import dataclass
from datetime import timedelta

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.escalation.policy_references import references_of, require_fall_back
from application.escalation.require_proof import RequireProof, SavedPolicy
from application.ports.clock import Clock
from application.ports.fall_backs import FallBackRepository
from application.ports.ids import IdFactory
from application.ports.policies import PolicyRepository
from application.ports.references import References
from application.ports.transaction import Transaction
from application.references import require_known
from domain.escalation.policy import EscalationPolicy, Step, WhenExhausted
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import PolicyId, TeamId


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """A team says whom to tell, in which order, and how long to wait for an answer."""

    policies: PolicyRepository
    references: References
    fall_backs: FallBackRepository
    require_proof: RequireProof
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        *,
        team_id: TeamId,
        name: str,
        steps: tuple[Step, ...],
        repeats: int = 0,
        repeat_from: int = 0,
        acknowledgement_timeout: timedelta | None = None,
        when_exhausted: WhenExhausted = WhenExhausted.STAY,
        actor: Actor,
    ) -> SavedPolicy:
        """Raises `ForbiddenError`, `InvalidValueError`, `UnprovedPolicyError`, `ConflictError`: the name is taken."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        policy = EscalationPolicy(
            id=PolicyId(self.ids.new()),
            team_id=team_id,
            name=name.strip(),
            steps=steps,
            repeats=repeats,
            repeat_from=repeat_from,
            acknowledgement_timeout=acknowledgement_timeout,
            when_exhausted=when_exhausted,
        )
        async with self.transaction:
            await require_known(self.references, references_of(policy))
            await require_fall_back(self.fall_backs, policy)
            proof = await self.require_proof(policy)
            stored = await self.policies.save(policy)
            await self.record_audit(
                "policy.create", stored.id, actor=actor, at=self.clock.now(), after=describe(stored)
            )
            return SavedPolicy(stored, proof)
