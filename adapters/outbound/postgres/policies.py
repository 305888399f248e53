from dataclasses import dataclass, replace

import asyncpg
from sqlalchemy import select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.bodies import policy_body, policy_from
from adapters.outbound.postgres.session import PostgresSession
from adapters.outbound.postgres.tables import policies, policy_versions
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.policies import USES_NAMED, PolicyRepository, PolicyUses
from domain.escalation.policy import EscalationPolicy
from domain.shared.ids import PolicyId, TeamId

_QUERY = select(policy_versions.c.body).join(
    policies, (policy_versions.c.policy_id == policies.c.id) & (policy_versions.c.version == policies.c.version)
)
_HOLD = named.one_of(policies, select(policies.c.id), is_held=True)
_READ = named.one_of(policies, _QUERY)
_INSERT = named.inserting(policies, "id", "team_id", "name", "version")
_UPDATE = named.updating(policies, "team_id", "name", "version")
_KEEP = named.inserting(policy_versions, "policy_id", "version", "body")

_SERVICES_OF = "SELECT name FROM services WHERE policy_id = $1 ORDER BY name"
# Only open incidents are looked at, by their index: a policy for which everything has been reassigned is rare.
_REASSIGNED_TO = "SELECT count(*) FROM incidents WHERE status <> 'resolved' AND policy_id = $1"
_DELETE = "DELETE FROM policies WHERE id = $1"
_FORGET_TURNS = "DELETE FROM step_turns WHERE policy_id = $1"


@dataclass(frozen=True, slots=True)
class PostgresPolicyRepository(PolicyRepository):
    session: PostgresSession

    async def get(self, policy_id: PolicyId) -> EscalationPolicy:
        # Two statements: one that waits for the row would then join it with the version from before the wait.
        await self.session.row(_HOLD, key=policy_id)
        return await self.look_up(policy_id)

    async def look_up(self, policy_id: PolicyId) -> EscalationPolicy:
        row = await self.session.row(_READ, key=policy_id)
        if row is None:
            raise NotFoundError("policy", policy_id)
        return policy_from(row["body"])

    async def save(self, policy: EscalationPolicy) -> EscalationPolicy:
        stored = replace(policy, version=policy.version + 1)
        row = {"id": stored.id, "team_id": stored.team_id, "name": stored.name, "version": stored.version}
        await named.save(self.session, "policy", _INSERT, _UPDATE, row)
        await self.session.execute(_KEEP, policy_id=stored.id, version=stored.version, body=policy_body(stored))
        await named.hint_configuration(self.session)
        return stored

    async def uses_of(self, policy_id: PolicyId) -> PolicyUses:
        services = await self.session.fetch(_SERVICES_OF, policy_id)
        reassigned = await self.session.fetch(_REASSIGNED_TO, policy_id)
        names = tuple(row["name"] for row in services)
        return PolicyUses(names[:USES_NAMED], max(0, len(names) - USES_NAMED), reassigned[0]["count"])

    async def delete(self, policy_id: PolicyId) -> None:
        try:
            status = await self.session.connection.execute(_DELETE, policy_id)
        except asyncpg.ForeignKeyViolationError as error:
            raise ConflictError("policy", policy_id, "is a service's") from error
        if status.rpartition(" ")[2] == "0":
            raise NotFoundError("policy", policy_id)
        await self.session.connection.execute(_FORGET_TURNS, policy_id)
        await named.hint_configuration(self.session)

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[EscalationPolicy]:
        rows, has_more = await named.page_rows(self.session, _QUERY, policies, page, team_id=team_id)
        return Page(tuple(policy_from(row["body"]) for row in rows), has_more)
