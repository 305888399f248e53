from collections.abc import Collection, Mapping
from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.shift_wishes import ShiftWishesRepository
from domain.notification.shift_wishes import ShiftWishes
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class MemoryShiftWishesRepository(ShiftWishesRepository):
    session: MemorySession

    async def of(self, user_ids: Collection[UserId]) -> Mapping[UserId, ShiftWishes]:
        stored = self.session.database.shift_wishes
        return {each: stored[each] for each in user_ids if each in stored}

    async def save(self, user_id: UserId, wishes: ShiftWishes) -> None:
        self.session.database.shift_wishes[user_id] = wishes
