from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ConflictError
from application.ports.clock import Clock
from application.ports.policies import PolicyRepository, PolicyUses
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import PolicyId


@dataclass(frozen=True, slots=True)
class DeletePolicy:
    """A team does without a policy. Its versions stay, since what once was is explained by them."""

    policies: PolicyRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, policy_id: PolicyId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError` while something is paged by it."""
        require(actor, Permission.READ)
        async with self.transaction:
            policy = await self.policies.get(policy_id)
            require(actor, Permission.CONFIGURE, team_id=policy.team_id)
            uses = await self.policies.uses_of(policy_id)
            if uses.is_used:
                raise ConflictError("policy", policy.name, _reason(uses))
            await self.policies.delete(policy_id)
            await self.record_audit(
                "policy.delete", policy_id, actor=actor, at=self.clock.now(), before=describe(policy)
            )


def _reason(uses: PolicyUses) -> str:
    if not uses.services:
        return f"pages for {uses.open_incidents} open incidents that were reassigned to it"
    more = f" and {uses.more_services} more" if uses.more_services else ""
    return f"pages for the services {', '.join(uses.services)}{more}; give them another policy first"
