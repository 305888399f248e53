"""Whether a policy reaches somebody in time, whenever it begins, and when it does not."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.body import at as at_place
from adapters.inbound.http.policies import PolicyDraftBody
from adapters.inbound.http.proof_bodies import ProofBody, Weeks, Within
from application.escalation.get_policy import GetPolicy
from application.escalation.policy_draft import PolicyDraft
from application.escalation.prove import ProvePolicy
from application.ports.readers import IncidentReader
from domain.identity.actor import Actor
from domain.identity.proof_demand import PROVED_WEEKS, PROVED_WITHIN, ProofDemand
from domain.shared.ids import PolicyId


class ProveBody(msgspec.Struct, forbid_unknown_fields=True):
    weeks: Weeks = PROVED_WEEKS
    within_seconds: Within = round(PROVED_WITHIN.total_seconds())
    policy: Annotated[PolicyDraftBody | None, Meta(description="As if it said this; as it is without.")] = None

    def draft(self) -> PolicyDraft | None:
        if self.policy is None:
            return None
        with at_place("policy"):
            return self.policy.draft()


class ProofController(Controller):
    path = "/v1/policies"
    tags = ("policies",)

    @post("/{policy_id:uuid}/prove", status_code=200)
    async def prove(
        self,
        policy_id: FromPath[UUID],
        data: JSONBody[ProveBody],
        get_policy: FromDishka[GetPolicy],
        prove_policy: FromDishka[ProvePolicy],
        reader: FromDishka[IncidentReader],
        actor: FromDishka[Actor],
    ) -> ProofBody:
        """Whether it tells somebody in time at every instant of the next weeks, as it is or as it would be.

        Nothing is stored.
        """
        policy = await get_policy(PolicyId(policy_id), actor=actor)
        demand = ProofDemand(weeks=data.weeks, within=timedelta(seconds=data.within_seconds))
        found = await prove_policy(policy, draft=data.draft(), demand=demand, actor=actor)
        return ProofBody.of(found, await reader.user_names(found.unreachable))
