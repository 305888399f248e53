from dataclasses import dataclass

from application.authorize import require
from application.ports.shift_wishes import ShiftWishesRepository
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.shift_wishes import ShiftWishes
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class GetShiftWishes:
    """Which notices of their shifts a user wants: whoever hands over to them may know."""

    users: UserRepository
    shift_wishes: ShiftWishesRepository

    async def __call__(self, user_id: UserId, *, actor: Actor) -> ShiftWishes:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        await self.users.look_up(user_id)
        return (await self.shift_wishes.of([user_id])).get(user_id, ShiftWishes())
