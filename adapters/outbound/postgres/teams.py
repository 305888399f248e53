from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from adapters.outbound.postgres.named import inserting, one_of, page_rows, save, updating
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import team_members, teams
from application.errors import NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.teams import TeamRepository
from domain.identity.proof_demand import ProofDemand
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId

_DEMANDED = ("proof_weeks", "proof_within_seconds", "proof_refuses")
_TEAMS = select(teams.c.id, teams.c.name, teams.c.version, *(teams.c[column] for column in _DEMANDED))
_LOOK_UP = one_of(teams, _TEAMS)
_GET = one_of(teams, _TEAMS, is_held=True)
_INSERT = inserting(teams, "id", "name", "version", *_DEMANDED)
_UPDATE = updating(teams, "name", "version", *_DEMANDED)
# One statement for a whole page of teams; asyncpg takes the list as one argument.
_MEMBERS = "SELECT team_id, user_id FROM team_members WHERE team_id = ANY($1::uuid[]) ORDER BY team_id, position"
_DELETE_MEMBERS = Statement(delete(team_members).where(team_members.c.team_id == bindparam("of_team", None)))
_INSERT_MEMBERS = (
    "INSERT INTO team_members (team_id, user_id, position) "
    "SELECT $1, member, place - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS given (member, place)"
)
_TEAMS_OF = Statement(select(team_members.c.team_id).where(team_members.c.user_id == bindparam("of_user", None)))


@dataclass(frozen=True, slots=True)
class PostgresTeamRepository(TeamRepository):
    session: PostgresSession

    async def get(self, team_id: TeamId) -> Team:
        return await self._with_members(await self.session.row(_GET, key=team_id), team_id)

    async def look_up(self, team_id: TeamId) -> Team:
        return await self._with_members(await self.session.row(_LOOK_UP, key=team_id), team_id)

    async def list(self, page: PageRequest) -> Page[Team]:
        rows, has_more = await page_rows(self.session, _TEAMS, teams, page)
        members = await self._members(row["id"] for row in rows)
        return Page(tuple(_team(row, members) for row in rows), has_more)

    async def save(self, team: Team) -> Team:
        stored = replace(team, version=team.version + 1)
        values = {
            "id": stored.id,
            "name": stored.name,
            "version": stored.version,
            "proof_weeks": stored.proof.weeks,
            "proof_within_seconds": round(stored.proof.within.total_seconds()),
            "proof_refuses": stored.proof.refuses,
        }
        await save(self.session, "team", _INSERT, _UPDATE, values)
        await self.session.execute(_DELETE_MEMBERS, of_team=team.id)
        await self.session.connection.execute(_INSERT_MEMBERS, team.id, list(team.member_ids))
        return stored

    async def team_ids_of(self, user_id: UserId) -> frozenset[TeamId]:
        return frozenset(TeamId(row["team_id"]) for row in await self.session.rows(_TEAMS_OF, of_user=user_id))

    async def _with_members(self, row: Row | None, team_id: TeamId) -> Team:
        if row is None:
            raise NotFoundError("team", team_id)
        return _team(row, await self._members((team_id,)))

    async def _members(self, team_ids: Iterable[UUID]) -> Mapping[UUID, tuple[UserId, ...]]:
        rows = await self.session.fetch(_MEMBERS, tuple(team_ids))
        members: dict[UUID, tuple[UserId, ...]] = {}
        for row in rows:
            members[row["team_id"]] = (*members.get(row["team_id"], ()), UserId(row["user_id"]))
        return members


def _team(row: Row, members: Mapping[UUID, tuple[UserId, ...]]) -> Team:
    return Team(
        id=TeamId(row["id"]),
        name=row["name"],
        member_ids=members.get(row["id"], ()),
        proof=ProofDemand(
            weeks=row["proof_weeks"],
            within=timedelta(seconds=row["proof_within_seconds"]),
            refuses=row["proof_refuses"],
        ),
        version=row["version"],
    )
