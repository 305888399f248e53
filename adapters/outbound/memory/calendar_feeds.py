from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.calendar_feeds import CalendarFeedRepository
from domain.oncall.feed import CalendarFeed
from domain.shared.ids import CalendarFeedId, UserId


@dataclass(frozen=True, slots=True)
class MemoryCalendarFeedRepository(CalendarFeedRepository):
    session: MemorySession

    async def get(self, feed_id: CalendarFeedId) -> CalendarFeed:
        feed = self.session.database.calendar_feeds.get(feed_id)
        if feed is None:
            raise NotFoundError("calendar feed", feed_id)
        return feed

    async def find(self, token_hash: bytes) -> CalendarFeed | None:
        users = self.session.database.users
        for feed in self.session.database.calendar_feeds.values():
            if feed.token_hash == token_hash and feed.revoked_at is None:
                is_good = users[feed.owner_id].is_active and (feed.user_id is None or users[feed.user_id].is_active)
                return feed if is_good else None
        return None

    async def of_owner(self, owner_id: UserId) -> tuple[CalendarFeed, ...]:
        feeds = self.session.database.calendar_feeds.values()
        theirs = [feed for feed in feeds if feed.owner_id == owner_id and feed.revoked_at is None]
        return tuple(sorted(theirs, key=lambda feed: feed.id))

    async def add(self, feed: CalendarFeed) -> None:
        database = self.session.database
        are_there = feed.owner_id in database.users and feed.user_id in (None, *database.users)
        if not are_there or feed.schedule_id not in (None, *database.schedules):
            raise ConflictError("calendar feed", feed.id, "names something that is not there, or is still used")
        database.calendar_feeds[feed.id] = feed

    async def revoke(self, feed_id: CalendarFeedId, *, at: datetime) -> bool:
        feeds = self.session.database.calendar_feeds
        stored = feeds.get(feed_id)
        if stored is None or stored.revoked_at is not None:
            return False
        feeds[feed_id] = stored.revoke(at=at)
        return True
