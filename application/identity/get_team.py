from dataclasses import dataclass

from application.authorize import require
from application.ports.teams import TeamRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.identity.team import Team
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class GetTeam:
    """One team with its members, to look at."""

    teams: TeamRepository

    async def __call__(self, team_id: TeamId, *, actor: Actor) -> Team:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.teams.look_up(team_id)
