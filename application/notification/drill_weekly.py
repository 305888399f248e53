from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from application.notification.drill import Drill
from application.ports.clock import Clock
from application.ports.inbox import Inbox
from application.ports.page import PageRequest
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.notification.drill import DrillTime
from domain.shared.ids import UserId
from domain.shared.limits import PAGE_LIMIT

_CONSUMER: Final = "weekly drill"


@dataclass(frozen=True, slots=True)
class DrillWeekly:
    """Sends everybody with a contact a test page, once in each week from the hour that the installation has set.

    Asked every few minutes by any number of workers: a page of users is done in one transaction with its mark, so that
    it is done once, and a worker that dies leaves the rest to the next. A contact has one notice a week, whatever
    happens.
    """

    users: UserRepository
    drill: Drill
    inbox: Inbox
    drill_time: DrillTime
    transaction: Transaction
    clock: Clock

    async def __call__(self) -> int:
        """How many people are told now. Outside of the hour, nobody."""
        at = self.clock.now()
        if not self.drill_time.is_open(at):
            return 0
        week = f"{at.astimezone(UTC):%G-W%V}"
        told, after, has_more = 0, None, True
        while has_more:
            page = await self.users.list(PageRequest(limit=PAGE_LIMIT, after=after))
            ids = [user.id for user in page.items if user.is_active]
            told += await self._page(f"{week}:{after[1] if after else UUID(int=0)}", week, ids, at)
            has_more = page.has_more
            after = (page.items[-1].name, page.items[-1].id) if page.items else None
        return told

    async def _page(self, mark: str, week: str, ids: list[UserId], at: datetime) -> int:
        async with self.transaction:
            if not await self.inbox.take(_CONSUMER, [mark], at=at):
                return 0
            return len((await self.drill(ids, at=at, key=week)).told)
