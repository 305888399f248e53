from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.shift_wishes import ShiftWishesRepository
from domain.notification.shift_wishes import ShiftWishes
from domain.shared.ids import UserId

_OF: Final = "SELECT * FROM user_shift_wishes WHERE user_id = ANY($1::uuid[])"
_SAVE: Final = """
INSERT INTO user_shift_wishes (user_id, ahead, started, ended) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET ahead = excluded.ahead, started = excluded.started, ended = excluded.ended
"""


@dataclass(frozen=True, slots=True)
class PostgresShiftWishesRepository(ShiftWishesRepository):
    session: PostgresSession

    async def of(self, user_ids: Collection[UserId]) -> Mapping[UserId, ShiftWishes]:
        if not user_ids:
            return {}
        return {
            UserId(row["user_id"]): ShiftWishes(ahead=row["ahead"], started=row["started"], ended=row["ended"])
            for row in await self.session.fetch(_OF, list(user_ids))
        }

    async def save(self, user_id: UserId, wishes: ShiftWishes) -> None:
        await self.session.connection.execute(_SAVE, user_id, wishes.ahead, wishes.started, wishes.ended)
