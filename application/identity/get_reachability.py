from dataclasses import dataclass

from application.authorize import require
from application.ports.directory import Reachability
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class GetReachability:
    """Where and in which order a user is reached: colleagues may know, since that is who they page."""

    users: UserRepository

    async def __call__(self, user_id: UserId, *, actor: Actor) -> Reachability:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        await self.users.look_up(user_id)
        return await self.users.reachability(user_id)
