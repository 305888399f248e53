from datetime import timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import at, value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag, warned_tag
from adapters.inbound.http.fields import Name, TeamFilter, Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.warnings import WarningBody, warnings_of
from application.escalation.create_policy import CreatePolicy
from application.escalation.get_policy import GetPolicy
from application.escalation.list_policies import ListPolicies
from application.escalation.unreachable import FindUnreachable
from application.escalation.update_policy import UpdatePolicy
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.identity.actor import Actor
from domain.shared.ids import PolicyId, TeamId
from domain.shared.limits import (
    POLICY_REPEATS,
    POLICY_STEPS,
    STEP_DELAY_SECONDS_MAX,
    STEP_DELAY_SECONDS_MIN,
    STEP_TARGETS,
)

Repeats = Annotated[int, Meta(ge=0, le=POLICY_REPEATS, description="Rounds after the first.")]
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


class StepBody(msgspec.Struct, forbid_unknown_fields=True):
    """Everyone in `targets` is told at once."""

    targets: Annotated[list[TargetBody], Meta(min_length=1, max_length=STEP_TARGETS)]
    delay_seconds: Delay


Steps = Annotated[list[StepBody], Meta(min_length=1, max_length=POLICY_STEPS)]


class PolicyBody(msgspec.Struct):
    """Whom to tell, in which order, and how long to wait for an answer."""

    id: UUID
    team_id: UUID
    name: str
    steps: list[StepBody]
    repeats: int
    version: Version

    @classmethod
    def of(cls, policy: EscalationPolicy) -> Self:
        return cls(
            id=policy.id,
            team_id=policy.team_id,
            name=policy.name,
            steps=[
                StepBody(
                    targets=[TargetBody(kind=target.kind, id=target.id) for target in step.targets],
                    delay_seconds=round(step.delay.total_seconds()),
                )
                for step in policy.steps
            ],
            repeats=policy.repeats,
            version=policy.version,
        )


class PolicyDetailBody(PolicyBody):
    warnings: list[WarningBody]


class CreatePolicyBody(msgspec.Struct, forbid_unknown_fields=True):
    team_id: UUID
    name: Name
    steps: Steps
    repeats: Repeats = 0


class PatchPolicyBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is; steps are replaced as a whole."""

    team_id: UUID | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET
    repeats: Repeats | UnsetType = UNSET


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
        team_id: TeamFilter = None,
    ) -> Response[PageBody[PolicyBody]]:
        """Escalation policies by name."""
        page = page_request(request, cursors, limit=limit, cursor=cursor)
        found = await list_policies(page, team_id=None if team_id is None else TeamId(team_id), actor=actor)
        return page_response(request, cursors, found, body=PolicyBody.of, key=lambda policy: (policy.name, policy.id))

    @post("/")
    async def create(
        self, data: JSONBody[CreatePolicyBody], create_policy: FromDishka[CreatePolicy], actor: FromDishka[Actor]
    ) -> Response[PolicyBody]:
        """Make an escalation policy."""
        policy = await create_policy(
            team_id=TeamId(data.team_id),
            name=data.name,
            steps=_steps(data.steps),
            repeats=data.repeats,
            actor=actor,
        )
        return created(PolicyBody.of(policy), location=f"/v1/policies/{policy.id}", tag=version_tag(policy.version))

    @get("/{policy_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        policy_id: FromPath[UUID],
        get_policy: FromDishka[GetPolicy],
        find_unreachable: FromDishka[FindUnreachable],
        actor: FromDishka[Actor],
    ) -> Response[PolicyDetailBody]:
        """One escalation policy, with a warning for each person whom it means and who cannot be reached."""
        policy = await get_policy(PolicyId(policy_id), actor=actor)
        warnings = warnings_of(await find_unreachable.of_policy(policy, actor=actor))
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
        actor: FromDishka[Actor],
    ) -> Response[PolicyBody]:
        """Change some of an escalation policy. Incidents that are open keep the one they began with."""
        old = await get_policy(PolicyId(policy_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        policy = await update_policy(
            old.id,
            team_id=TeamId(value(data.team_id, old.team_id)),
            name=value(data.name, old.name),
            steps=old.steps if isinstance(data.steps, UnsetType) else _steps(data.steps),
            repeats=value(data.repeats, old.repeats),
            version=old.version,
            actor=actor,
        )
        return tagged(request, PolicyBody.of(policy), tag=version_tag(policy.version))


def _steps(bodies: list[StepBody]) -> tuple[Step, ...]:
    return tuple(_step(number, body) for number, body in enumerate(bodies))


def _step(number: int, body: StepBody) -> Step:
    targets = tuple(Target(kind=target.kind, id=target.id) for target in body.targets)
    with at("steps", number, delay="delay_seconds"):
        return Step(targets=targets, delay=timedelta(seconds=body.delay_seconds))
