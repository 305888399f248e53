"""Who is paged when nobody else answered: for a team, and for the installation."""

from typing import Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, put
from litestar.params import FromPath, JSONBody

from adapters.inbound.http.etag import require_match, tagged, version_tag
from adapters.inbound.http.fields import Version
from adapters.inbound.http.policies import TargetBody, Targets, target_bodies, targets_of
from application.errors import NotFoundError
from application.escalation.get_fall_back import GetFallBack
from application.escalation.set_fall_back import SetFallBack
from domain.escalation.fall_back import FallBack
from domain.identity.actor import Actor
from domain.shared.ids import TeamId


class FallBackBody(msgspec.Struct):
    """Everyone in `targets` is told once, when a policy is exhausted that says so."""

    team_id: UUID | None  # null: the installation's, for teams without one of their own
    targets: list[TargetBody]
    version: Version

    @classmethod
    def of(cls, fall_back: FallBack) -> Self:
        return cls(team_id=fall_back.team_id, targets=target_bodies(fall_back.targets), version=fall_back.version)


class SetFallBackBody(msgspec.Struct, forbid_unknown_fields=True):
    targets: Targets


class FallBackController(Controller):
    path = "/v1"
    tags = ("policies",)

    @get("/fall-back")
    async def read(
        self, request: Request[Any, Any, Any], get_fall_back: FromDishka[GetFallBack], actor: FromDishka[Actor]
    ) -> Response[FallBackBody]:
        """The installation's fall-back of last resort."""
        return _shown(request, await get_fall_back(None, actor=actor))

    @put("/fall-back")
    async def replace(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[SetFallBackBody],
        get_fall_back: FromDishka[GetFallBack],
        set_fall_back: FromDishka[SetFallBack],
        actor: FromDishka[Actor],
    ) -> Response[FallBackBody]:
        """Say who is paged when nobody else answered, for teams without a fall-back of their own."""
        version = await _version_to_replace(request, None, get_fall_back, actor)
        return _shown(request, await set_fall_back(None, targets_of(data.targets), version=version, actor=actor))

    @get("/teams/{team_id:uuid}/fall-back")
    async def read_of_team(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        get_fall_back: FromDishka[GetFallBack],
        actor: FromDishka[Actor],
    ) -> Response[FallBackBody]:
        """A team's own fall-back of last resort."""
        return _shown(request, await get_fall_back(TeamId(team_id), actor=actor))

    @put("/teams/{team_id:uuid}/fall-back")
    async def replace_of_team(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        data: JSONBody[SetFallBackBody],
        get_fall_back: FromDishka[GetFallBack],
        set_fall_back: FromDishka[SetFallBack],
        actor: FromDishka[Actor],
    ) -> Response[FallBackBody]:
        """Say who is paged when nobody else answered an incident of one of the team's policies."""
        key = TeamId(team_id)
        version = await _version_to_replace(request, key, get_fall_back, actor)
        return _shown(request, await set_fall_back(key, targets_of(data.targets), version=version, actor=actor))


def _shown(request: Request[Any, Any, Any], fall_back: FallBack) -> Response[FallBackBody]:
    return tagged(request, FallBackBody.of(fall_back), tag=version_tag(fall_back.version))


async def _version_to_replace(
    request: Request[Any, Any, Any], team_id: TeamId | None, get_fall_back: GetFallBack, actor: Actor
) -> int:
    """Whoever replaces one must have read it; the first one has nothing to be read."""
    try:
        present = await get_fall_back(team_id, actor=actor)
    except NotFoundError:
        return 0
    require_match(request, tag=version_tag(present.version))
    return present.version
