"""Who may ask for cover and enter time off: responders for themselves, managers for the people of their teams."""

from application.authorize import require
from application.ports.teams import TeamRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import TeamId, UserId


def require_for(actor: Actor, user_id: UserId, *, team_id: TeamId) -> None:
    """For what belongs to one team's schedule. Raises `ForbiddenError`."""
    if actor.user_id == user_id:
        require(actor, Permission.RESPOND)
    else:
        require(actor, Permission.CONFIGURE, team_id=team_id)


async def require_for_member(actor: Actor, user_id: UserId, teams: TeamRepository) -> None:
    """For what belongs to a person, in any team that the actor manages. Raises `ForbiddenError`."""
    if actor.user_id == user_id:
        require(actor, Permission.RESPOND)
    else:
        shared = await teams.team_ids_of(user_id) & actor.team_ids
        require(actor, Permission.CONFIGURE, team_id=min(shared, default=None))
