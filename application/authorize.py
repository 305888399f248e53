"""The one place that asks a role.

Reading is for everyone who has logged in. Anyone who may respond may take any incident: at night the question is who
can help, not whose it is. Configuration belongs to teams: a manager changes what a team of theirs owns, an admin all.
"""

from application.errors import ForbiddenError
from domain.identity.actor import Actor
from domain.identity.role import Permission, Role
from domain.shared.ids import TeamId


def may(actor: Actor, permission: Permission, *, team_id: TeamId | None = None) -> bool:
    if not actor.permits(permission):
        return False
    if permission is not Permission.CONFIGURE or actor.role is Role.ADMIN:
        return True
    return team_id is not None and team_id in actor.team_ids


def require(actor: Actor, permission: Permission, *, team_id: TeamId | None = None) -> None:
    """Raises `ForbiddenError`, which says what would be needed."""
    if may(actor, permission, team_id=team_id):
        return
    if not actor.permits(permission):
        raise ForbiddenError(f"this needs the permission {permission!s}, which role or credential do not give")
    raise ForbiddenError("this belongs to a team that you are not a member of")
