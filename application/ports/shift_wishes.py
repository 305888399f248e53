from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol

from domain.notification.shift_wishes import ShiftWishes
from domain.shared.ids import UserId


class ShiftWishesRepository(Protocol):
    """Which notices of their shifts people want; writes are inside the current transaction."""

    @abstractmethod
    async def of(self, user_ids: Collection[UserId]) -> Mapping[UserId, ShiftWishes]:
        """Of those who said. Needs no transaction."""

    @abstractmethod
    async def save(self, user_id: UserId, wishes: ShiftWishes) -> None:
        """In place of what they said before. The user exists."""
