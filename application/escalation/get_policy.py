from dataclasses import dataclass

from application.authorize import require
from application.ports.policies import PolicyRepository
from domain.escalation.policy import EscalationPolicy
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import PolicyId


@dataclass(frozen=True, slots=True)
class GetPolicy:
    """One escalation policy, in its newest version."""

    policies: PolicyRepository

    async def __call__(self, policy_id: PolicyId, *, actor: Actor) -> EscalationPolicy:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.policies.look_up(policy_id)
