from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page, PageRequest
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.identity.user import User


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Everybody, active or not."""

    users: UserRepository

    async def __call__(self, page: PageRequest, *, actor: Actor) -> Page[User]:
        """By name, then id. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.users.list(page)
