from dataclasses import dataclass, replace
from datetime import timedelta

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.escalation.policy_references import references_of, require_fall_back
from application.escalation.require_proof import RequireProof, SavedPolicy
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.fall_backs import FallBackRepository
from application.ports.policies import PolicyRepository
from application.ports.references import References
from application.ports.transaction import Transaction
from application.references import require_known
from domain.escalation.policy import Step, WhenExhausted
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import PolicyId, TeamId


@dataclass(frozen=True, slots=True)
class UpdatePolicy:
    """A policy becomes its next version. Runs that have begun keep the one they began with."""

    policies: PolicyRepository
    references: References
    fall_backs: FallBackRepository
    require_proof: RequireProof
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
        repeat_from: int,
        acknowledgement_timeout: timedelta | None,
        when_exhausted: WhenExhausted,
        version: int | None = None,
        actor: Actor,
    ) -> SavedPolicy:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `UnprovedPolicyError`, `ConflictError`."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        async with self.transaction:
            before = await self.policies.get(policy_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("policy", policy_id, expected=version, stored=before.version)
            wanted = replace(
                before,
                team_id=team_id,
                name=name.strip(),
                steps=steps,
                repeats=repeats,
                repeat_from=repeat_from,
                acknowledgement_timeout=acknowledgement_timeout,
                when_exhausted=when_exhausted,
            )
            await require_known(self.references, references_of(wanted), before=references_of(before))
            await require_fall_back(self.fall_backs, wanted)
            proof = await self.require_proof(wanted)
            stored = await self.policies.save(wanted)
            await self.record_audit(
                "policy.update",
                policy_id,
                actor=actor,
                at=self.clock.now(),
                before=describe(before),
                after=describe(stored),
            )
            return SavedPolicy(stored, proof)
