from dataclasses import dataclass

from application.authorize import require
from application.ports.fall_backs import FallBackRepository
from domain.escalation.fall_back import FallBack
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class GetFallBack:
    """The last resort of a team, or of the installation."""

    fall_backs: FallBackRepository

    async def __call__(self, team_id: TeamId | None, *, actor: Actor) -> FallBack:
        """Raises `ForbiddenError`, `NotFoundError` when the team has none of its own."""
        require(actor, Permission.READ)
        return await self.fall_backs.get(team_id)
