from dataclasses import dataclass

from application.authorize import require
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.identity.user import User
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class GetUser:
    """One user, to look at."""

    users: UserRepository

    async def __call__(self, user_id: UserId, *, actor: Actor) -> User:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.users.look_up(user_id)
