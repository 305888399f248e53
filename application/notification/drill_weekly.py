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

# A minute's share, so that no page waits behind a drill for longer than a courier needs for so few: P12.
AT_ONCE: Final = 100
_CONSUMER: Final = "weekly drill"


@dataclass(frozen=True, slots=True)
class DrillWeekly:
    """Sends everybody with a contact a test page, once in each week from the hour that the installation has set.

    Asked every minute by any number of workers: some users are done at a time, in one transaction with their mark, so
    that they are done once, and a worker that dies leaves them to the next. A contact has one notice a week, whatever
    happens. An hour is enough for six thousand people.
    """

    users: UserRepository
    drill: Drill
    inbox: Inbox
    drill_time: DrillTime
    transaction: Transaction
    clock: Clock

    async def __call__(self) -> int:
        """How many people are told now, of `AT_ONCE` at most. Outside of the hour, nobody."""
        at = self.clock.now()
        if not self.drill_time.is_open(at):
            return 0
        week = f"{at.astimezone(UTC):%G-W%V}"
        after, has_more = None, True
        while has_more:
            page = await self.users.list(PageRequest(limit=AT_ONCE, after=after))
            ids = [user.id for user in page.items if user.is_active]
            mark = f"{week}:{after[1] if after else UUID(int=0)}"
            if told := await self._page(mark, week, ids, at):
                return told
            has_more = page.has_more
            after = (page.items[-1].name, page.items[-1].id) if page.items else None
        return 0

    async def _page(self, mark: str, week: str, ids: list[UserId], at: datetime) -> int:
        async with self.transaction:
            if not await self.inbox.take(_CONSUMER, [mark], at=at):
                return 0
            return len((await self.drill(ids, at=at, key=week)).told)
