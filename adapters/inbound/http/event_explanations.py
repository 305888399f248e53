"""Why an event became what it became, from what was stored with it."""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, get
from litestar.params import FromPath

from adapters.inbound.http.group_windows import GroupWindowBody
from adapters.inbound.http.incident_bodies import MuteBody, NamedBody
from adapters.inbound.http.routings import RouteRuleBody
from application.alert.explain import ExplainEvent, Explanation
from application.alert.verdict import Verdict, VerdictOutcome
from domain.identity.actor import Actor
from domain.incident.incident import Followed
from domain.routing.decision import Step, StepOutcome
from domain.routing.route import ORGANISATION, Routing

_SENTENCES: Final = {
    VerdictOutcome.OPENED: "it opened an alert, and an incident for it",
    VerdictOutcome.REOPENED: "it opened an alert, which reopened the incident of its group that had just been resolved",
    VerdictOutcome.JOINED: "it opened an alert, which joined the open incident of its group",
    VerdictOutcome.PAGED_AGAIN: (
        "it opened an alert of a kind that the open incident of its group had not had, which pages again"
    ),
    VerdictOutcome.REPEATED: "it repeated an alert that was firing, and was counted",
    VerdictOutcome.STALE: "it repeated an occurrence that had been cleared already, and did nothing",
    VerdictOutcome.DROPPED: "a rule dropped it",
    VerdictOutcome.OVERFLOWED: "its integration had too many alerts open, and it was only counted",
    VerdictOutcome.CLEARED: "it cleared an alert",
    VerdictOutcome.SETTLING: "it said that a flapping alert is over, which is believed when it stays quiet",
    VerdictOutcome.ACKNOWLEDGED: "it acknowledged an alert",
    VerdictOutcome.IGNORED: "it answered an alert that did not fire, and did nothing",
}


class RoutingStepBody(msgspec.Struct):
    """One rule whose matchers held, in the order that they were asked in."""

    owner: str  # integration, team or organisation
    owner_id: UUID | None  # null: the organisation
    version: int
    rule: str
    outcome: StepOutcome
    said: RouteRuleBody | None  # the rule as it was in that version

    @classmethod
    def of(cls, step: Step, explanation: Explanation) -> Self:
        rule = explanation.rule_of(step)
        routing = explanation.routings.get((step.owner_id, step.version))
        return cls(
            owner=_owner(step, routing),
            owner_id=None if step.owner_id == ORGANISATION else step.owner_id,
            version=step.version,
            rule=step.rule,
            outcome=step.outcome,
            said=None if rule is None else RouteRuleBody.of(rule),
        )


class FollowedBody(msgspec.Struct):
    """The incident that is open for the group too, and took no more alerts, because its window was over."""

    id: UUID
    reference: str
    group_window: GroupWindowBody

    @classmethod
    def of(cls, followed: Followed) -> Self:
        return cls(followed.incident_id, f"INC-{followed.number}", GroupWindowBody.of(followed.group_window))


class VerdictBody(msgspec.Struct):
    """What became of one event. Without steps no rule had a say: it went where its integration leads."""

    dedup_key: str
    action: str
    outcome: VerdictOutcome
    text: str
    steps: list[RoutingStepBody]
    service_id: UUID | None
    group_key: str | None
    alert_id: UUID | None
    incident_id: UUID | None
    muted: MuteBody | None
    follows: FollowedBody | None

    @classmethod
    def of(cls, verdict: Verdict, explanation: Explanation) -> Self:
        steps = () if verdict.decision is None else verdict.decision.steps
        return cls(
            dedup_key=verdict.dedup_key,
            action=verdict.action,
            outcome=verdict.outcome,
            text=_text(verdict),
            steps=[RoutingStepBody.of(step, explanation) for step in steps],
            service_id=verdict.service_id,
            group_key=verdict.group_key,
            alert_id=verdict.alert_id,
            incident_id=verdict.incident_id,
            muted=None if verdict.muted is None else MuteBody.of(verdict.muted),
            follows=None if verdict.follows is None else FollowedBody.of(verdict.follows),
        )


class EventExplanationBody(msgspec.Struct):
    """A body that was received. It may hold several events; one without verdicts came before they were kept."""

    id: UUID
    integration: NamedBody
    received_at: datetime
    format: str
    events: list[VerdictBody]
    headers: dict[str, str] = {}  # by which the body is read

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        raw = explanation.stored.raw
        return cls(
            id=raw.id,
            integration=NamedBody(raw.integration_id, explanation.stored.integration_name),
            received_at=raw.received_at,
            format=raw.format,
            events=[VerdictBody.of(verdict, explanation) for verdict in raw.verdicts],
            headers=dict(raw.headers),
        )


class EventExplanationController(Controller):
    path = "/v1/events"
    tags = ("routing",)

    @get("/{event_id:uuid}/explanation")
    async def explain(
        self, event_id: FromPath[UUID], explain_event: FromDishka[ExplainEvent], actor: FromDishka[Actor]
    ) -> EventExplanationBody:
        """What became of an event, each rule that had a say, in the version of then, and where it led."""
        return EventExplanationBody.of(await explain_event(event_id, actor=actor))


def _text(verdict: Verdict) -> str:
    sentence, follows = _SENTENCES[verdict.outcome], verdict.follows
    if follows is None:
        return sentence
    over = f"the window of INC-{follows.number}, {follows.group_window.sentence}, was over"
    return f"{sentence}, since {over}"


def _owner(step: Step, routing: Routing | None) -> str:
    if step.owner_id == ORGANISATION:
        return "organisation"
    return "team" if routing is not None and routing.integration_id is None else "integration"
