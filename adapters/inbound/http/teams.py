from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.etag import created, require_match, tagged, version_tag
from adapters.inbound.http.fields import Name, Version
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
from adapters.inbound.http.proof_bodies import ProofDemandBody
from adapters.inbound.http.readiness import MemberReadinessBody, ReadinessBody
from application.identity.create_team import CreateTeam
from application.identity.get_team import GetTeam
from application.identity.list_teams import ListTeams
from application.identity.team_readiness import TeamReadiness
from application.identity.update_team import UpdateTeam
from domain.identity.actor import Actor
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId
from domain.shared.limits import TEAM_MEMBERS

Members = Annotated[list[UUID], Meta(max_length=TEAM_MEMBERS)]


class TeamBody(msgspec.Struct):
    """Who owns services, schedules and policies."""

    id: UUID
    name: str
    member_ids: list[UUID]
    proof: ProofDemandBody
    version: Version

    @classmethod
    def of(cls, team: Team) -> Self:
        return cls(
            id=team.id,
            name=team.name,
            member_ids=list(team.member_ids),
            proof=ProofDemandBody.of(team.proof),
            version=team.version,
        )


class CreateTeamBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    member_ids: Members = []


class PatchTeamBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is; members are replaced as a whole."""

    name: Name | UnsetType = UNSET
    member_ids: Members | UnsetType = UNSET
    proof: ProofDemandBody | UnsetType = UNSET


class TeamController(Controller):
    path = "/v1/teams"
    tags = ("teams",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_teams: FromDishka[ListTeams],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
    ) -> Response[PageBody[TeamBody]]:
        """Teams by name."""
        found = await list_teams(
            page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids), actor=actor
        )
        return page_response(request, cursors, found, body=TeamBody.of, key=lambda team: (team.name, team.id))

    @post("/")
    async def create(
        self, data: JSONBody[CreateTeamBody], create_team: FromDishka[CreateTeam], actor: FromDishka[Actor]
    ) -> Response[TeamBody]:
        """Make a team."""
        team = await create_team(name=data.name, member_ids=_members(data.member_ids), actor=actor)
        return created(TeamBody.of(team), location=f"/v1/teams/{team.id}", tag=version_tag(team.version))

    @get("/{team_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        get_team: FromDishka[GetTeam],
        actor: FromDishka[Actor],
    ) -> Response[TeamBody]:
        """One team."""
        team = await get_team(TeamId(team_id), actor=actor)
        return tagged(request, TeamBody.of(team), tag=version_tag(team.version))

    @get("/{team_id:uuid}/readiness")
    async def readiness(
        self, team_id: FromPath[UUID], team_readiness: FromDishka[TeamReadiness], actor: FromDishka[Actor]
    ) -> ReadinessBody:
        """Whether each member could be paged tonight: contacts, when they were last proven, and what was found."""
        members = await team_readiness(TeamId(team_id), actor=actor)
        return ReadinessBody(
            team_id=team_id,
            is_ready=not any(member.findings for member in members),
            members=[MemberReadinessBody.of(member) for member in members],
        )

    @patch("/{team_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        data: JSONBody[PatchTeamBody],
        get_team: FromDishka[GetTeam],
        update_team: FromDishka[UpdateTeam],
        actor: FromDishka[Actor],
    ) -> Response[TeamBody]:
        """Change a team's name, its members, or what its policies must hold."""
        old = await get_team(TeamId(team_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        team = await update_team(
            old.id,
            name=None if isinstance(data.name, UnsetType) else data.name,
            member_ids=None if isinstance(data.member_ids, UnsetType) else _members(data.member_ids),
            proof=None if isinstance(data.proof, UnsetType) else data.proof.demand(),
            expected_version=old.version,
            actor=actor,
        )
        return tagged(request, TeamBody.of(team), tag=version_tag(team.version))


def _members(ids: list[UUID]) -> tuple[UserId, ...]:
    return tuple(UserId(each) for each in ids)
