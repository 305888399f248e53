from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page, PageRequest
from application.ports.teams import TeamRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.identity.team import Team


@dataclass(frozen=True, slots=True)
class ListTeams:
    """Every team."""

    teams: TeamRepository

    async def __call__(self, page: PageRequest, *, actor: Actor) -> Page[Team]:
        """By name, then id. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.teams.list(page)
