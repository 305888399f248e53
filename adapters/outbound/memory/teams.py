from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.teams import TeamRepository
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId


@dataclass(frozen=True, slots=True)
class MemoryTeamRepository(TeamRepository):
    session: MemorySession

    async def get(self, team_id: TeamId) -> Team:
        return await self.look_up(team_id)

    async def look_up(self, team_id: TeamId) -> Team:
        team = self.session.database.teams.get(team_id)
        if team is None:
            raise NotFoundError("team", team_id)
        return team

    async def list(self, page: PageRequest) -> Page[Team]:
        return page_of(self.session.database.teams.values(), page, is_wanted=lambda _: True)

    async def save(self, team: Team) -> Team:
        database = self.session.database
        require_as_read("team", team, database.teams.get(team.id))
        require_free_name("team", team, database.teams.values())
        for member_id in team.member_ids:
            if member_id not in database.users:
                raise ConflictError("team", team.id, "names something that is not there, or is still used")
        stored = replace(team, version=team.version + 1)
        database.teams[stored.id] = stored
        return stored

    async def team_ids_of(self, user_id: UserId) -> frozenset[TeamId]:
        return frozenset(team.id for team in self.session.database.teams.values() if user_id in team.member_ids)
