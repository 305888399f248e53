from dataclasses import dataclass

from application.authorize import require
from application.ports.calendar_feeds import CalendarFeedRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.feed import CalendarFeed


@dataclass(frozen=True, slots=True)
class ListCalendarFeeds:
    """The actor's feeds that still work, which are few: `FEEDS_PER_USER`."""

    feeds: CalendarFeedRepository

    async def __call__(self, *, actor: Actor) -> tuple[CalendarFeed, ...]:
        """Oldest first. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.feeds.of_owner(actor.user_id)
