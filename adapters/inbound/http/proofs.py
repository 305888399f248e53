"""Whether a policy reaches somebody in time, whenever it begins, and when it does not."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.body import at as at_place
from adapters.inbound.http.incident_bodies import NamedBody
from adapters.inbound.http.policies import PolicyDraftBody
from application.escalation.get_policy import GetPolicy
from application.escalation.policy_draft import PolicyDraft
from application.escalation.prove import WEEKS, WITHIN, CounterExample, PolicyProof, ProvePolicy
from application.ports.readers import IncidentReader
from domain.identity.actor import Actor
from domain.shared.ids import PolicyId, UserId
from domain.shared.limits import (
    PROOF_EXAMPLES_SHOWN,
    PROOF_WEEKS,
    PROOF_WITHIN_SECONDS_MAX,
    PROOF_WITHIN_SECONDS_MIN,
)
from domain.shared.severity import Severity

Weeks = Annotated[int, Meta(ge=1, le=PROOF_WEEKS, description="How many from now on.")]
Within = Annotated[
    int,
    Meta(
        ge=PROOF_WITHIN_SECONDS_MIN,
        le=PROOF_WITHIN_SECONDS_MAX,
        description="After that, somebody who is told is told too late.",
    ),
]


class ProveBody(msgspec.Struct, forbid_unknown_fields=True):
    weeks: Weeks = WEEKS
    within_seconds: Within = round(WITHIN.total_seconds())
    policy: Annotated[PolicyDraftBody | None, Meta(description="As if it said this; as it is without.")] = None

    def draft(self) -> PolicyDraft | None:
        if self.policy is None:
            return None
        with at_place("policy"):
            return self.policy.draft()


class CounterExampleBody(msgspec.Struct):
    """If such an incident begins from `starts_at` up to `ends_at`, nobody is told in time."""

    starts_at: datetime
    ends_at: datetime
    severity: Severity
    labels: dict[str, str]
    told_after_seconds: int | None  # too late; null: nobody is told that is known of
    reasons: list[str]  # in the order of the steps

    @classmethod
    def of(cls, example: CounterExample) -> Self:
        interval, after, reasons = example.gap.interval, example.gap.after, example.gap.reasons
        return cls(
            starts_at=interval.start,
            ends_at=interval.end,
            severity=example.circumstances.severity,
            labels=dict(example.circumstances.labels),
            told_after_seconds=None if after is None else round(after.total_seconds()),
            reasons=list(reasons),
        )


class ProofBody(msgspec.Struct):
    holds: bool
    starts_at: datetime
    ends_at: datetime
    within_seconds: int
    counter_examples: Annotated[
        list[CounterExampleBody], Meta(description=f"The first {PROOF_EXAMPLES_SHOWN}, oldest first.")
    ]
    more_counter_examples: int
    empty_steps: list[int]  # from 1: steps that at no time tell anybody who can be reached
    unreachable: list[NamedBody]  # meant at some time, and no page would reach them

    @classmethod
    def of(cls, proof: PolicyProof, names: Mapping[UserId, str]) -> Self:
        examples = proof.counter_examples
        return cls(
            holds=proof.holds,
            starts_at=proof.interval.start,
            ends_at=proof.interval.end,
            within_seconds=round(proof.within.total_seconds()),
            counter_examples=[CounterExampleBody.of(each) for each in examples[:PROOF_EXAMPLES_SHOWN]],
            more_counter_examples=max(0, len(examples) - PROOF_EXAMPLES_SHOWN),
            empty_steps=[number + 1 for number in proof.empty_steps],
            unreachable=[NamedBody(user_id, names.get(user_id, "")) for user_id in proof.unreachable],
        )


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
        within = timedelta(seconds=data.within_seconds)
        found = await prove_policy(policy, draft=data.draft(), weeks=data.weeks, within=within, actor=actor)
        return ProofBody.of(found, await reader.user_names(found.unreachable))
