from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import at, value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag, warned_tag
from adapters.inbound.http.fields import Name, TeamFilter, TimeZone, Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    IdsFilter,
    Limit,
    NameFilter,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.proof_bodies import ProofBody
from adapters.inbound.http.warnings import WarningBody, told_in_vain, warnings_of
from adapters.inbound.http.weekly_window import WeeklyWindowBody
from application.destination.find_refusing import FindRefusingDestinations
from application.escalation.create_policy import CreatePolicy
from application.escalation.delete_policy import DeletePolicy
from application.escalation.get_policy import GetPolicy
from application.escalation.list_policies import ListPolicies
from application.escalation.policy_draft import PolicyDraft
from application.escalation.require_proof import SavedPolicy
from application.escalation.unreachable import FindUnreachable
from application.escalation.update_policy import UpdatePolicy
from application.ports.destination_proofs import RefusingDestination
from application.ports.readers import IncidentReader
from domain.escalation.condition import LabelMatch, StepCondition
from domain.escalation.policy import EscalationPolicy, Step, StepMode, Target, TargetKind, WhenExhausted
from domain.identity.actor import Actor
from domain.shared.hours import Hours
from domain.shared.ids import PolicyId, TeamId
from domain.shared.limits import (
    ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MAX,
    ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MIN,
    CONDITION_LABELS,
    CONDITION_WINDOWS,
    LABEL_CHARACTERS,
    POLICY_REPEATS,
    POLICY_STEPS,
    STEP_DELAY_SECONDS_MAX,
    STEP_DELAY_SECONDS_MIN,
    STEP_TARGETS,
)
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.weekly_window import WeeklyWindow

Repeats = Annotated[int, Meta(ge=0, le=POLICY_REPEATS, description="Rounds after the first.")]
RepeatFrom = Annotated[
    int, Meta(ge=1, le=POLICY_STEPS, description="The step, counted from 1, that rounds after the first begin with.")
]
AcknowledgementTimeout = (
    Annotated[
        int,
        Meta(
            ge=ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MIN,
            le=ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MAX,
            description="How long an acknowledgement holds; null: until the incident is resolved.",
        ),
    ]
    | None
)
Delay = Annotated[
    int,
    Meta(
        ge=STEP_DELAY_SECONDS_MIN,
        le=STEP_DELAY_SECONDS_MAX,
        description="How long to wait for an acknowledgement before the next step.",
    ),
]


class TargetBody(msgspec.Struct, forbid_unknown_fields=True):
    kind: TargetKind
    id: UUID


class LabelMatchBody(msgspec.Struct, forbid_unknown_fields=True):
    """A label that has exactly this value; without one, a label that is there at all."""

    name: Annotated[str, Meta(min_length=1, max_length=LABEL_CHARACTERS)]
    value: Annotated[str, Meta(max_length=LABEL_CHARACTERS)] | None = None


class HoursBody(msgspec.Struct, forbid_unknown_fields=True):
    """Windows of the week on the wall clock of a zone."""

    time_zone: TimeZone
    windows: Annotated[list[WeeklyWindowBody], Meta(min_length=1, max_length=CONDITION_WINDOWS)]


class ConditionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Every part that is there must hold when the step is reached, or it is passed over at once."""

    severities: Annotated[list[Severity], Meta(max_length=len(Severity), description="One of these.")] = []
    priorities: Annotated[
        list[Priority],
        Meta(max_length=len(Priority), description="One of these: the severity, moved by the tier of the service."),
    ] = []
    urgency: Urgency | None = None
    labels: Annotated[
        list[LabelMatchBody], Meta(max_length=CONDITION_LABELS, description="All of these, of the first alert.")
    ] = []
    hours: HoursBody | None = None


Targets = Annotated[list[TargetBody], Meta(min_length=1, max_length=STEP_TARGETS)]


class StepBody(msgspec.Struct, forbid_unknown_fields=True):
    """`everyone`: all targets are told at once. `round_robin`: one of them in turn, whichever incident it is for."""

    targets: Targets
    delay_seconds: Delay
    mode: StepMode = StepMode.EVERYONE
    condition: ConditionBody | None = None

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(
            targets=target_bodies(step.targets),
            delay_seconds=round(step.delay.total_seconds()),
            mode=step.mode,
            condition=None if step.condition is None else _condition_body(step.condition),
        )


Steps = Annotated[list[StepBody], Meta(min_length=1, max_length=POLICY_STEPS)]


class PolicyBody(msgspec.Struct):
    """Whom to tell, in which order, and how long to wait for an answer."""

    id: UUID
    team_id: UUID
    name: str
    steps: list[StepBody]
    repeats: int
    repeat_from: int
    acknowledgement_timeout_seconds: int | None
    when_exhausted: WhenExhausted
    version: Version

    @classmethod
    def of(cls, policy: EscalationPolicy) -> Self:
        return cls(
            id=policy.id,
            team_id=policy.team_id,
            name=policy.name,
            steps=[StepBody.of(step) for step in policy.steps],
            repeats=policy.repeats,
            repeat_from=policy.repeat_from + 1,
            acknowledgement_timeout_seconds=_seconds(policy.acknowledgement_timeout),
            when_exhausted=policy.when_exhausted,
            version=policy.version,
        )


class PolicyDetailBody(PolicyBody):
    warnings: list[WarningBody]


class SavedPolicyBody(PolicyBody):
    proof: ProofBody  # of what its team demands; one that does not hold is a warning
    warnings: list[WarningBody]  # channels and servers that it tells and that take no messages


class CreatePolicyBody(msgspec.Struct, forbid_unknown_fields=True):
    team_id: UUID
    name: Name
    steps: Steps
    repeats: Repeats = 0
    repeat_from: RepeatFrom = 1
    acknowledgement_timeout_seconds: AcknowledgementTimeout = None
    when_exhausted: WhenExhausted = WhenExhausted.STAY


class PolicyDraftBody(msgspec.Struct, forbid_unknown_fields=True):
    """All that a policy would say, but its name and its team."""

    steps: Steps
    repeats: Repeats = 0
    repeat_from: RepeatFrom = 1
    acknowledgement_timeout_seconds: AcknowledgementTimeout = None
    when_exhausted: WhenExhausted = WhenExhausted.STAY

    def draft(self) -> PolicyDraft:
        return PolicyDraft(
            steps=_steps(self.steps),
            repeats=self.repeats,
            repeat_from=self.repeat_from - 1,
            acknowledgement_timeout=_span(self.acknowledgement_timeout_seconds),
            when_exhausted=self.when_exhausted,
        )


class PatchPolicyBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is; steps are replaced as a whole."""

    team_id: UUID | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET
    repeats: Repeats | UnsetType = UNSET
    repeat_from: RepeatFrom | UnsetType = UNSET
    acknowledgement_timeout_seconds: AcknowledgementTimeout | UnsetType = UNSET
    when_exhausted: WhenExhausted | UnsetType = UNSET


class PolicyController(Controller):
    path = "/v1/policies"
    tags = ("policies",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_policies: FromDishka[ListPolicies],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[PolicyBody]]:
        """Escalation policies by name."""
        page = page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids)
        found = await list_policies(page, team_id=None if team_id is None else TeamId(team_id), actor=actor)
        return page_response(request, cursors, found, body=PolicyBody.of, key=lambda policy: (policy.name, policy.id))

    @post("/")
    async def create(
        self,
        data: JSONBody[CreatePolicyBody],
        create_policy: FromDishka[CreatePolicy],
        reader: FromDishka[IncidentReader],
        find_refusing: FromDishka[FindRefusingDestinations],
        actor: FromDishka[Actor],
    ) -> Response[SavedPolicyBody]:
        """Make an escalation policy. It is proved first; what its team demands may refuse it."""
        saved = await create_policy(
            team_id=TeamId(data.team_id),
            name=data.name,
            steps=_steps(data.steps),
            repeats=data.repeats,
            repeat_from=data.repeat_from - 1,
            acknowledgement_timeout=_span(data.acknowledgement_timeout_seconds),
            when_exhausted=data.when_exhausted,
            actor=actor,
        )
        location, tag = f"/v1/policies/{saved.policy.id}", version_tag(saved.policy.version)
        body = await _saved_body(saved, reader, await find_refusing.of_policy(saved.policy, actor=actor))
        return created(body, location=location, tag=tag)

    @get("/{policy_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        policy_id: FromPath[UUID],
        get_policy: FromDishka[GetPolicy],
        find_unreachable: FromDishka[FindUnreachable],
        find_refusing: FromDishka[FindRefusingDestinations],
        actor: FromDishka[Actor],
    ) -> Response[PolicyDetailBody]:
        """One escalation policy, with a warning for each person whom it means and who cannot be reached.

        Likewise for each channel or server that it tells and that takes no messages.
        """
        policy = await get_policy(PolicyId(policy_id), actor=actor)
        warnings = warnings_of(await find_unreachable.of_policy(policy, actor=actor))
        warnings += told_in_vain(await find_refusing.of_policy(policy, actor=actor))
        body = PolicyDetailBody(**msgspec.structs.asdict(PolicyBody.of(policy)), warnings=warnings)
        return tagged(request, body, tag=warned_tag(policy.version, warnings))

    @patch("/{policy_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        policy_id: FromPath[UUID],
        data: JSONBody[PatchPolicyBody],
        get_policy: FromDishka[GetPolicy],
        update_policy: FromDishka[UpdatePolicy],
        reader: FromDishka[IncidentReader],
        find_refusing: FromDishka[FindRefusingDestinations],
        actor: FromDishka[Actor],
    ) -> Response[SavedPolicyBody]:
        """Change some of an escalation policy, which is proved first. Incidents that are open keep the one before."""
        old = await get_policy(PolicyId(policy_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        saved = await update_policy(
            old.id,
            team_id=TeamId(value(data.team_id, old.team_id)),
            name=value(data.name, old.name),
            steps=old.steps if isinstance(data.steps, UnsetType) else _steps(data.steps),
            repeats=value(data.repeats, old.repeats),
            repeat_from=value(data.repeat_from, old.repeat_from + 1) - 1,
            acknowledgement_timeout=_span(
                value(data.acknowledgement_timeout_seconds, _seconds(old.acknowledgement_timeout))
            ),
            when_exhausted=value(data.when_exhausted, old.when_exhausted),
            version=old.version,
            actor=actor,
        )
        body = await _saved_body(saved, reader, await find_refusing.of_policy(saved.policy, actor=actor))
        return tagged(request, body, tag=version_tag(saved.policy.version))

    @delete("/{policy_id:uuid}", status_code=204)
    async def remove(
        self, policy_id: FromPath[UUID], delete_policy: FromDishka[DeletePolicy], actor: FromDishka[Actor]
    ) -> None:
        """Do without an escalation policy that pages for no service. Its versions stay."""
        await delete_policy(PolicyId(policy_id), actor=actor)


async def _saved_body(
    saved: SavedPolicy, reader: IncidentReader, refusing: Sequence[RefusingDestination]
) -> SavedPolicyBody:
    policy, proof = saved
    proved = ProofBody.of(proof, await reader.user_names(proof.unreachable))
    warnings = told_in_vain(refusing)
    return SavedPolicyBody(**msgspec.structs.asdict(PolicyBody.of(policy)), proof=proved, warnings=warnings)


def _steps(bodies: list[StepBody]) -> tuple[Step, ...]:
    return tuple(_step(number, body) for number, body in enumerate(bodies))


def _step(number: int, body: StepBody) -> Step:
    with at("steps", number, delay="delay_seconds"):
        return Step(
            targets=targets_of(body.targets),
            delay=timedelta(seconds=body.delay_seconds),
            mode=body.mode,
            condition=None if body.condition is None else _condition(body.condition),
        )


def targets_of(bodies: list[TargetBody]) -> tuple[Target, ...]:
    return tuple(Target(kind=target.kind, id=target.id) for target in bodies)


def target_bodies(targets: tuple[Target, ...]) -> list[TargetBody]:
    return [TargetBody(kind=target.kind, id=target.id) for target in targets]


def _condition(body: ConditionBody) -> StepCondition:
    with at("condition"):
        return StepCondition(
            severities=tuple(body.severities),
            priorities=tuple(body.priorities),
            urgency=body.urgency,
            labels=tuple(_label(place, label) for place, label in enumerate(body.labels)),
            hours=None if body.hours is None else hours_of(body.hours),
        )


def _label(place: int, body: LabelMatchBody) -> LabelMatch:
    with at("labels", place):
        return LabelMatch(name=body.name, value=body.value)


def hours_of(body: HoursBody) -> Hours:
    with at("hours"):
        return Hours(time_zone=body.time_zone, windows=tuple(_windows(body.windows)))


def _windows(bodies: list[WeeklyWindowBody]) -> Iterator[WeeklyWindow]:
    for place, body in enumerate(bodies):
        with at("windows", place):
            yield WeeklyWindow(
                starts_on=body.starts_on, starts_at=body.starts_at, ends_on=body.ends_on, ends_at=body.ends_at
            )


def _condition_body(condition: StepCondition) -> ConditionBody:
    hours = condition.hours
    return ConditionBody(
        severities=list(condition.severities),
        priorities=list(condition.priorities),
        urgency=condition.urgency,
        labels=[LabelMatchBody(name=match.name, value=match.value) for match in condition.labels],
        hours=None if hours is None else hours_body(hours),
    )


def hours_body(hours: Hours) -> HoursBody:
    return HoursBody(time_zone=hours.time_zone, windows=_window_bodies(hours.windows))


def _window_bodies(windows: tuple[WeeklyWindow, ...]) -> list[WeeklyWindowBody]:
    return [
        WeeklyWindowBody(
            starts_on=window.starts_on, starts_at=window.starts_at, ends_on=window.ends_on, ends_at=window.ends_at
        )
        for window in windows
    ]


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())
