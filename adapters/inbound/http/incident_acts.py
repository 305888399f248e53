"""What people do with incidents over HTTP: each act a sub-resource of one incident; and any act on many at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, post
from litestar.params import JSONBody
from msgspec import Meta

from adapters.inbound.http.body import check
from adapters.inbound.http.fields import Instant, in_utc
from adapters.inbound.http.incident_bodies import IncidentDetailBody
from adapters.inbound.http.incidents import Ref, incident_ref
from adapters.inbound.http.problem import FieldProblem, Problem, RequestError, to_response
from application.errors import NotFoundError
from application.incident.act import (
    Act,
    ActOnIncident,
    ActOnIncidents,
    AskForHelp,
    Escalate,
    Grade,
    Outcome,
    PlainAct,
    Reassign,
    Retitle,
    Snooze,
)
from application.incident.find import FindIncident
from application.ports.readers import IncidentReader, IncidentRef
from domain.identity.actor import Actor
from domain.shared.ids import PolicyId, UserId
from domain.shared.limits import BULK_INCIDENTS, INCIDENT_RESPONDERS, POLICY_STEPS, SUMMARY_CHARACTERS
from domain.shared.severity import Severity

Users = Annotated[list[UUID], Meta(max_length=INCIDENT_RESPONDERS)]
Title = Annotated[str, Meta(min_length=1, max_length=SUMMARY_CHARACTERS)]
StepNumber = Annotated[int, Meta(ge=1, le=POLICY_STEPS, description="Counted from 1; without it the next one.")]
Refs = Annotated[list[str], Meta(min_length=1, max_length=BULK_INCIDENTS, description="Ids, or such as INC-7.")]


class SnoozeBody(msgspec.Struct, forbid_unknown_fields=True):
    until: Instant

    def act(self) -> Act:
        return Snooze(in_utc(self.until))


class EscalateBody(msgspec.Struct, forbid_unknown_fields=True):
    step: StepNumber | None = None

    def act(self) -> Act:
        return Escalate(None if self.step is None else self.step - 1)


class ReassignBody(msgspec.Struct, forbid_unknown_fields=True):
    """Either users or a policy."""

    users: Users = []
    policy_id: UUID | None = None

    def act(self) -> Act:
        users = tuple(UserId(user_id) for user_id in self.users)
        return Reassign(users, None if self.policy_id is None else PolicyId(self.policy_id))


class RespondersBody(msgspec.Struct, forbid_unknown_fields=True):
    users: Users

    def act(self) -> Act:
        return AskForHelp(tuple(UserId(user_id) for user_id in self.users))


class SeverityBody(msgspec.Struct, forbid_unknown_fields=True):
    severity: Severity

    def act(self) -> Act:
        return Grade(self.severity)


class TitleBody(msgspec.Struct, forbid_unknown_fields=True):
    title: Title

    def act(self) -> Act:
        return Retitle(self.title)


class NoArguments(msgspec.Struct, forbid_unknown_fields=True):
    """For an act that needs nothing but the incident."""


type ArgumentsBody = SnoozeBody | EscalateBody | ReassignBody | RespondersBody | SeverityBody | TitleBody

ARGUMENTS: Mapping[str, type[ArgumentsBody]] = {
    "snooze": SnoozeBody,
    "escalate": EscalateBody,
    "reassign": ReassignBody,
    "responders": RespondersBody,
    "severity": SeverityBody,
    "title": TitleBody,
}
Action = Literal[
    "accept",
    "acknowledge",
    "decline",
    "escalate",
    "raise-urgency",
    "reassign",
    "reopen",
    "resolve",
    "responders",
    "severity",
    "snooze",
    "take-over",
    "title",
    "unacknowledge",
]


class BulkBody(msgspec.Struct, forbid_unknown_fields=True):
    action: Action  # the sub-resource of one incident
    ids: Refs
    arguments: dict[str, Any] = {}  # the body of that sub-resource


class ActedIncidentBody(msgspec.Struct):
    id: UUID
    reference: str
    status: str
    version: int


class ActedBody(msgspec.Struct):
    """What came of it for one incident: its state after it, or the problem that its own request would have had."""

    ref: str  # as it was asked for
    status: int  # what its own request would have been answered
    incident: ActedIncidentBody | None = None
    problem: Problem | None = None


class BulkAnswerBody(msgspec.Struct):
    items: list[ActedBody]  # in the order of `ids`, each once
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class PerformAct:
    """One act on the incident that the path names, answered with the incident as it is afterwards."""

    find: FindIncident
    act_on: ActOnIncident
    incidents: IncidentReader

    async def __call__(self, ref: str, act: Act, *, actor: Actor) -> IncidentDetailBody:
        incident_id = await self.find(incident_ref(ref), actor=actor)
        await self.act_on(incident_id, act, actor=actor)
        return IncidentDetailBody.of_detail(await self.incidents.get(incident_id))


class IncidentActController(Controller):
    path = "/v1/incidents"
    tags = ("incidents",)

    @post("/bulk", status_code=HTTPStatus.OK)
    async def bulk(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[BulkBody],
        use_case: FromDishka[ActOnIncidents],
        actor: FromDishka[Actor],
    ) -> BulkAnswerBody:
        """The same act on several incidents, each decided as its own request. One that fails costs no other."""
        act = bulk_act(data)
        refs = {text: _ref_or_error(text) for text in data.ids}
        known = tuple(dict.fromkeys(ref for ref in refs.values() if not isinstance(ref, NotFoundError)))
        outcomes = {outcome.ref: outcome for outcome in await use_case(known, act, actor=actor)}
        items = [
            _acted(request, text, ref if isinstance(ref, NotFoundError) else outcomes[ref])
            for text, ref in refs.items()
        ]
        failed = sum(item.problem is not None for item in items)
        return BulkAnswerBody(items, len(items) - failed, failed)

    @post("/{ref:str}/acknowledge", status_code=HTTPStatus.OK)
    async def acknowledge(
        self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Take an incident, which stops its escalation."""
        return await perform(ref, PlainAct.ACKNOWLEDGE, actor=actor)

    @post("/{ref:str}/resolve", status_code=HTTPStatus.OK)
    async def resolve(self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]) -> IncidentDetailBody:
        """End an incident. Its alerts are cleared with it."""
        return await perform(ref, PlainAct.RESOLVE, actor=actor)

    @post("/{ref:str}/unacknowledge", status_code=HTTPStatus.OK)
    async def unacknowledge(
        self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Give an incident back: nobody has it, and it pages again."""
        return await perform(ref, PlainAct.UNACKNOWLEDGE, actor=actor)

    @post("/{ref:str}/take-over", status_code=HTTPStatus.OK)
    async def take_over(
        self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Become the owner of what somebody else has."""
        return await perform(ref, PlainAct.TAKE_OVER, actor=actor)

    @post("/{ref:str}/snooze", status_code=HTTPStatus.OK)
    async def snooze(
        self, ref: Ref, data: JSONBody[SnoozeBody], perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Acknowledge an incident until then, when it pages again: from a minute to a week."""
        return await perform(ref, data.act(), actor=actor)

    @post("/{ref:str}/escalate", status_code=HTTPStatus.OK)
    async def escalate(
        self, ref: Ref, data: JSONBody[EscalateBody], perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Have the next step's turn come now, or the turn of the step that is named."""
        return await perform(ref, data.act(), actor=actor)

    @post("/{ref:str}/reassign", status_code=HTTPStatus.OK)
    async def reassign(
        self, ref: Ref, data: JSONBody[ReassignBody], perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Give it to people, who are paged at once, or to another policy, which begins at once."""
        return await perform(ref, data.act(), actor=actor)

    @post("/{ref:str}/responders", status_code=HTTPStatus.OK)
    async def ask_responders(
        self, ref: Ref, data: JSONBody[RespondersBody], perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Ask people to help, whoever has the incident. They are paged at once."""
        return await perform(ref, data.act(), actor=actor)

    @post("/{ref:str}/accept", status_code=HTTPStatus.OK)
    async def accept(self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]) -> IncidentDetailBody:
        """Say yes to having been asked to help."""
        return await perform(ref, PlainAct.ACCEPT, actor=actor)

    @post("/{ref:str}/decline", status_code=HTTPStatus.OK)
    async def decline(self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]) -> IncidentDetailBody:
        """Say no to having been asked to help, or no longer."""
        return await perform(ref, PlainAct.DECLINE, actor=actor)

    @post("/{ref:str}/reopen", status_code=HTTPStatus.OK)
    async def reopen(self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]) -> IncidentDetailBody:
        """It was not over: it pages again. Within 7 days, and only while no other is open for its group."""
        return await perform(ref, PlainAct.REOPEN, actor=actor)

    @post("/{ref:str}/severity", status_code=HTTPStatus.OK)
    async def change_severity(
        self, ref: Ref, data: JSONBody[SeverityBody], perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Grade it anew. It pages again when that makes it urgent while nobody has it."""
        return await perform(ref, data.act(), actor=actor)

    @post("/{ref:str}/raise-urgency", status_code=HTTPStatus.OK)
    async def raise_urgency(
        self, ref: Ref, perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Have it wake people after all."""
        return await perform(ref, PlainAct.RAISE_URGENCY, actor=actor)

    @post("/{ref:str}/title", status_code=HTTPStatus.OK)
    async def retitle(
        self, ref: Ref, data: JSONBody[TitleBody], perform: FromDishka[PerformAct], actor: FromDishka[Actor]
    ) -> IncidentDetailBody:
        """Say better what it is."""
        return await perform(ref, data.act(), actor=actor)


def bulk_act(data: BulkBody) -> Act:
    """Raises `RequestError` 422 where the arguments are not those of the action."""
    wanted = ARGUMENTS.get(data.action, NoArguments)
    raw = msgspec.json.encode(data.arguments)
    try:
        check(raw, wanted)
    except RequestError as error:
        errors = [msgspec.structs.replace(each, pointer=_below_arguments(each)) for each in error.errors]
        raise RequestError(error.status, error.code, error.detail, errors=errors) from None
    if wanted is NoArguments:
        return PlainAct(data.action)
    return msgspec.json.decode(raw, type=ARGUMENTS[data.action]).act()


def _below_arguments(problem: FieldProblem) -> str:
    return "#/arguments" + (problem.pointer or "#").removeprefix("#")


def _ref_or_error(text: str) -> IncidentRef | NotFoundError:
    try:
        return incident_ref(text)
    except NotFoundError as error:
        return error


def _acted(request: Request[Any, Any, Any], text: str, outcome: Outcome | NotFoundError) -> ActedBody:
    error = outcome if isinstance(outcome, NotFoundError) else outcome.error
    if error is not None:
        problem = to_response(request, error).content
        return ActedBody(text, problem.status, problem=problem)
    assert isinstance(outcome, Outcome)
    assert outcome.incident is not None, "an outcome is one or the other"
    incident = outcome.incident
    shown = ActedIncidentBody(incident.id, f"INC-{incident.number}", incident.status, incident.version)
    return ActedBody(text, HTTPStatus.OK, shown)
