from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page, PageRequest
from application.ports.policies import PolicyRepository
from domain.escalation.policy import EscalationPolicy
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class ListPolicies:
    """Escalation policies by name, of one team or of all."""

    policies: PolicyRepository

    async def __call__(
        self, page: PageRequest, *, team_id: TeamId | None = None, actor: Actor
    ) -> Page[EscalationPolicy]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.policies.list(page, team_id=team_id)
