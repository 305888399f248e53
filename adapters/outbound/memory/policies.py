from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.policies import PolicyRepository
from domain.escalation.policy import EscalationPolicy
from domain.shared.ids import PolicyId, TeamId


@dataclass(frozen=True, slots=True)
class MemoryPolicyRepository(PolicyRepository):
    session: MemorySession

    async def get(self, policy_id: PolicyId) -> EscalationPolicy:
        return await self.look_up(policy_id)

    async def look_up(self, policy_id: PolicyId) -> EscalationPolicy:
        policy = self.session.database.policies.get(policy_id)
        if policy is None:
            raise NotFoundError("policy", policy_id)
        return policy

    async def save(self, policy: EscalationPolicy) -> EscalationPolicy:
        database = self.session.database
        require_as_read("policy", policy, database.policies.get(policy.id))
        require_free_name("policy", policy, database.policies.values())
        stored = replace(policy, version=policy.version + 1)
        database.policies[stored.id] = stored
        database.policy_versions[stored.id, stored.version] = stored
        return stored

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[EscalationPolicy]:
        policies = self.session.database.policies.values()
        return page_of(policies, page, is_wanted=lambda each: team_id in (None, each.team_id))
