from dataclasses import dataclass, field

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.identity.self_or_admin import require_self_or_admin
from application.ports.calendar_feeds import CalendarFeedRepository
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.links import Links
from application.ports.schedules import ScheduleRepository
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.identity.role import Permission
from domain.oncall.feed import FEEDS_PER_USER, CalendarFeed
from domain.shared.errors import InvalidValueError
from domain.shared.ids import CalendarFeedId, ScheduleId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCalendarFeed:
    feed: CalendarFeed
    url: str = field(repr=False)  # shown once


@dataclass(frozen=True, slots=True)
class CreateCalendarFeed:
    """Somebody wants shifts in their calendar: their own, or those of a schedule."""

    feeds: CalendarFeedRepository
    users: UserRepository
    schedules: ScheduleRepository
    secrets: SecretFactory
    links: Links
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self, *, user_id: UserId | None = None, schedule_id: ScheduleId | None = None, actor: Actor
    ) -> NewCalendarFeed:
        """The feed is the actor's. It ends when it is revoked, or when the actor or its person is no longer active.

        Raises:
            ForbiddenError: another's shifts and not an admin, or a schedule's and not a responder.
            InvalidValueError: neither or both of the two, or the actor has too many.
            NotFoundError.
        """
        if user_id is None:
            require(actor, Permission.RESPOND)
        else:
            require_self_or_admin(actor, user_id)
        token = self.secrets.calendar_token()
        async with self.transaction:
            at = self.clock.now()
            feed = CalendarFeed(
                id=CalendarFeedId(self.ids.new()),
                owner_id=actor.user_id,
                user_id=user_id,
                schedule_id=schedule_id,
                token_hash=secret_hash(token),
                created_at=at,
            )
            await self.users.get(actor.user_id)  # held, so that two at once count each other
            if user_id is not None:
                await self.users.look_up(user_id)
            if schedule_id is not None:
                await self.schedules.look_up(schedule_id, since=at)
            if len(await self.feeds.of_owner(actor.user_id)) >= FEEDS_PER_USER:
                raise InvalidValueError("calendar_feeds", f"must be at most {FEEDS_PER_USER}: revoke one first")
            await self.feeds.add(feed)
            await self.record_audit("calendar_feed.create", feed.id, actor=actor, at=at, after=describe(feed))
        return NewCalendarFeed(feed=feed, url=self.links.calendar(token))
