from dataclasses import dataclass
from typing import Final

from application.oncall.tell_cover import TellCover
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.transaction import Transaction

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class ExpireCoverRequests:
    """Ends the requests for cover that nobody accepted in time."""

    covers: CoverRepository
    tell_cover: TellCover
    transaction: Transaction
    clock: Clock

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many expired. A full batch means that there may be more."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.covers.claim_due(at=at, limit=limit)
            changes = [request.tick(at) for request in due]
            await self.covers.expire(changes)
            await self.tell_cover(changes, at=at)
            return len(due)
