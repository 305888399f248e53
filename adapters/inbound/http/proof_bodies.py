"""What a proof says, in an answer to whoever asks for it or saves what it is about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

import msgspec
from msgspec import Meta

from adapters.inbound.http.incident_bodies import NamedBody
from application.escalation.prove import CounterExample, PolicyProof
from domain.identity.proof_demand import PROVED_WEEKS, PROVED_WITHIN, ProofDemand
from domain.shared.ids import UserId
from domain.shared.limits import (
    PROOF_EXAMPLES_SHOWN,
    PROOF_WEEKS,
    PROOF_WITHIN_SECONDS_MAX,
    PROOF_WITHIN_SECONDS_MIN,
)
from domain.shared.priority import Priority
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


class ProofDemandBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a policy of the team must hold before it is saved."""

    weeks: Weeks = PROVED_WEEKS
    within_seconds: Within = round(PROVED_WITHIN.total_seconds())
    refuses: Annotated[bool, Meta(description="If not, it is saved, and the answer has the reasons.")] = False

    @classmethod
    def of(cls, demand: ProofDemand) -> Self:
        return cls(demand.weeks, round(demand.within.total_seconds()), demand.refuses)

    def demand(self) -> ProofDemand:
        return ProofDemand(weeks=self.weeks, within=timedelta(seconds=self.within_seconds), refuses=self.refuses)


class CounterExampleBody(msgspec.Struct):
    """If such an incident begins from `starts_at` up to `ends_at`, nobody is told in time."""

    starts_at: datetime
    ends_at: datetime
    severity: Severity
    priority: Priority
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
            priority=example.circumstances.priority,
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
