"""Why somebody was paged for an incident, or why not: one question, one answer."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from adapters.inbound.http.explanation_text import Link, because, beginning, why_not
from adapters.inbound.http.incident_bodies import DeliveryBody, IncidentDetailBody, NamedBody
from adapters.inbound.http.incidents import incident_ref
from adapters.inbound.http.schedules import ShiftSourceBody
from application.incident.explain import ExplainIncident, ExplanationAnswer
from application.incident.explanation import CauseKind, ExplainedPage, Reason, RuleKind, WhyNot
from domain.escalation.policy import Target, TargetKind
from domain.identity.actor import Actor
from domain.shared.ids import ScheduleId, UserId
from domain.shared.limits import EXPLAINED_PAGES
from domain.shared.urgency import Urgency


class ChainLinkBody(msgspec.Struct):
    """One link of the chain, in a sentence for people."""

    kind: str
    at: datetime
    text: str


class NamedTargetBody(msgspec.Struct):
    """What a step names. `name` is a schedule's."""

    kind: TargetKind
    id: UUID
    name: str | None

    @classmethod
    def of(cls, target: Target | None, answer: ExplanationAnswer) -> Self | None:
        if target is None:
            return None
        is_schedule = target.kind is TargetKind.SCHEDULE
        return cls(target.kind, target.id, answer.names.schedules.get(ScheduleId(target.id)) if is_schedule else None)


class RuleBody(msgspec.Struct):
    """By which of a person's rules a page was sent."""

    kind: RuleKind
    number: int  # counted from 1; of their contacts, when they have no rule
    delay_seconds: int | None  # null: they have said otherwise since


class WhyNotBody(msgspec.Struct):
    """The first reason why a person was not paged, or a page has not left."""

    reason: Reason
    text: str
    at: datetime
    round: int | None
    step: int | None
    target: NamedTargetBody | None  # what names them in the step
    instead: list[NamedBody]  # who was told in their place
    by: NamedBody | None  # whose answer it was
    due_at: datetime | None  # when it would have been their turn, or will be
    until: datetime | None  # of a snooze

    @classmethod
    def of(cls, why: WhyNot | None, answer: ExplanationAnswer) -> Self | None:
        if why is None:
            return None
        return cls(
            reason=why.reason,
            text=why_not(why, answer),
            at=why.at,
            round=None if why.position is None else why.position.round + 1,
            step=None if why.position is None else why.position.step + 1,
            target=NamedTargetBody.of(why.target, answer),
            instead=[_named(user_id, answer) for user_id in why.instead],
            by=None if why.by is None else _named(why.by, answer),
            due_at=why.due_at,
            until=why.until,
        )


class ExplainedPageBody(msgspec.Struct):
    """A page with the chain that led to it. What it was made for is null when its facts are gone."""

    delivery: DeliveryBody
    cause: CauseKind | None
    policy: NamedBody | None
    policy_version: int | None
    urgency: Urgency | None  # of the incident then
    target: NamedTargetBody | None  # what the step names
    source: ShiftSourceBody | None  # what had put them on call, as was known then
    cover_request_id: UUID | None  # what the override of the source came of
    rule: RuleBody
    quiet_until: datetime | None
    why_not: WhyNotBody | None  # null: it has left
    because: list[ChainLinkBody]

    @classmethod
    def of(cls, page: ExplainedPage, answer: ExplanationAnswer) -> Self:
        cause, rule = page.cause, page.rule
        policy = None if cause is None else cause.policy
        source = None if cause is None else cause.source
        return cls(
            delivery=DeliveryBody.of(page.record),
            cause=None if cause is None else cause.kind,
            policy=None if policy is None else NamedBody(policy.id, policy.name),
            policy_version=None if policy is None else policy.version,
            urgency=None if cause is None else cause.urgency,
            target=None if cause is None else NamedTargetBody.of(cause.target, answer),
            source=None if source is None else ShiftSourceBody(source.layer, source.override_id, source.temporary_id),
            cover_request_id=None if cause is None or cause.cover is None else cause.cover.id,
            rule=RuleBody(
                rule.kind, rule.number + 1, None if rule.delay is None else round(rule.delay.total_seconds())
            ),
            quiet_until=page.quiet_until,
            why_not=WhyNotBody.of(page.withheld, answer),
            because=_links(because(page, answer)),
        )


class ExplanationBody(msgspec.Struct):
    """Why a person was paged, or the first reason why not: one of `pages` has left, or `why_not` is there."""

    incident: IncidentDetailBody
    user: NamedBody
    was_paged: bool
    because: list[ChainLinkBody]  # why there is an incident, and how urgent it was at first
    pages: Annotated[list[ExplainedPageBody], msgspec.Meta(description=f"The first {EXPLAINED_PAGES}, oldest first.")]
    has_more: bool  # the ledger has the rest
    why_not: WhyNotBody | None

    @classmethod
    def of(cls, answer: ExplanationAnswer) -> Self:
        explanation = answer.explanation
        return cls(
            incident=IncidentDetailBody.of_detail(answer.incident),
            user=_named(answer.user_id, answer),
            was_paged=explanation.why_not is None,
            because=_links(beginning(answer)),
            pages=[ExplainedPageBody.of(page, answer) for page in explanation.pages],
            has_more=answer.has_more,
            why_not=WhyNotBody.of(explanation.why_not, answer),
        )


User = Annotated[UUID | None, QueryParameter(description="Whose question it is; one's own without.")]


class ExplanationController(Controller):
    path = "/v1/incidents"
    tags = ("incidents",)

    @get("/{ref:str}/explanation")
    async def explanation(
        self,
        ref: FromPath[str],
        explain_incident: FromDishka[ExplainIncident],
        actor: FromDishka[Actor],
        user: User = None,
    ) -> ExplanationBody:
        """Why somebody was paged, step by step from the alert to the acknowledgement; or the first reason why not.

        From what is stored alone: whom a schedule had on call is told as was known when it was asked.
        """
        asked = None if user is None else UserId(user)
        return ExplanationBody.of(await explain_incident(incident_ref(ref), user_id=asked, actor=actor))


def _links(links: Iterator[Link]) -> list[ChainLinkBody]:
    return [ChainLinkBody(*link) for link in links]


def _named(user_id: UserId, answer: ExplanationAnswer) -> NamedBody:
    return NamedBody(user_id, answer.names.users.get(user_id, ""))
