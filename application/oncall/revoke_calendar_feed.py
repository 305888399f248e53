from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.calendar_feeds import CalendarFeedRepository
from application.ports.clock import Clock
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import CalendarFeedId


@dataclass(frozen=True, slots=True)
class RevokeCalendarFeed:
    """Its address shows nothing any more. Doing it again changes nothing."""

    feeds: CalendarFeedRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, feed_id: CalendarFeedId, *, actor: Actor) -> None:
        """Raises `ForbiddenError` for another's feed unless by an admin, `NotFoundError`."""
        require(actor, Permission.READ)
        async with self.transaction:
            at = self.clock.now()
            feed = await self.feeds.get(feed_id)
            if feed.owner_id != actor.user_id:
                require(actor, Permission.ADMINISTER)
            if await self.feeds.revoke(feed_id, at=at):
                await self.record_audit(
                    "calendar_feed.revoke",
                    feed_id,
                    actor=actor,
                    at=at,
                    before=describe(feed),
                    after=describe(feed.revoke(at=at)),
                )
