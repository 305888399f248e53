from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.policies import USES_NAMED, PolicyRepository, PolicyUses
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

    async def uses_of(self, policy_id: PolicyId) -> PolicyUses:
        database = self.session.database
        services = sorted(each.name for each in database.services.values() if each.policy_id == policy_id)
        reassigned = sum(each.is_open and each.policy_id == policy_id for each in database.incidents.values())
        return PolicyUses(tuple(services[:USES_NAMED]), max(0, len(services) - USES_NAMED), reassigned)

    async def delete(self, policy_id: PolicyId) -> None:
        database = self.session.database
        if any(each.policy_id == policy_id for each in database.services.values()):
            raise ConflictError("policy", policy_id, "is a service's")
        if database.policies.pop(policy_id, None) is None:
            raise NotFoundError("policy", policy_id)

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[EscalationPolicy]:
        policies = self.session.database.policies.values()
        return page_of(policies, page, is_wanted=lambda each: team_id in (None, each.team_id))
