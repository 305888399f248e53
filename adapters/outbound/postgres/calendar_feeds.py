from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from adapters.outbound.postgres.named import inserting, one_of
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import calendar_feeds, users
from application.errors import NotFoundError
from application.ports.calendar_feeds import CalendarFeedRepository
from domain.oncall.feed import CalendarFeed
from domain.shared.ids import CalendarFeedId, ScheduleId, UserId

_GET = one_of(calendar_feeds, is_held=True)
_OWNER, _PERSON = users.alias("owner"), users.alias("person")
_FIND = Statement(
    select(calendar_feeds)
    .join(_OWNER, _OWNER.c.id == calendar_feeds.c.owner_id)
    .outerjoin(_PERSON, _PERSON.c.id == calendar_feeds.c.user_id)
    .where(
        calendar_feeds.c.token_hash == bindparam("shown_hash", None),
        calendar_feeds.c.revoked_at.is_(None),
        _OWNER.c.is_active,
        _PERSON.c.is_active.is_not(False),
    )
)
_OF_OWNER = Statement(
    select(calendar_feeds)
    .where(calendar_feeds.c.owner_id == bindparam("owner", None), calendar_feeds.c.revoked_at.is_(None))
    .order_by(calendar_feeds.c.id)
)
_ADD = inserting(calendar_feeds, *calendar_feeds.c.keys())
_REVOKE = Statement(
    update(calendar_feeds)
    .where(calendar_feeds.c.id == bindparam("key", None), calendar_feeds.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at", None))
)


@dataclass(frozen=True, slots=True)
class PostgresCalendarFeedRepository(CalendarFeedRepository):
    session: PostgresSession

    async def get(self, feed_id: CalendarFeedId) -> CalendarFeed:
        row = await self.session.row(_GET, key=feed_id)
        if row is None:
            raise NotFoundError("calendar feed", feed_id)
        return _feed(row)

    async def find(self, token_hash: bytes) -> CalendarFeed | None:
        row = await self.session.row(_FIND, shown_hash=token_hash)
        return None if row is None else _feed(row)

    async def of_owner(self, owner_id: UserId) -> tuple[CalendarFeed, ...]:
        return tuple(_feed(row) for row in await self.session.rows(_OF_OWNER, owner=owner_id))

    async def add(self, feed: CalendarFeed) -> None:
        await self.session.execute(_ADD, **asdict(feed))

    async def revoke(self, feed_id: CalendarFeedId, *, at: datetime) -> bool:
        return await self.session.execute(_REVOKE, key=feed_id, at=at) == 1


def _feed(row: Row) -> CalendarFeed:
    return CalendarFeed(
        id=CalendarFeedId(row["id"]),
        owner_id=UserId(row["owner_id"]),
        user_id=None if row["user_id"] is None else UserId(row["user_id"]),
        schedule_id=None if row["schedule_id"] is None else ScheduleId(row["schedule_id"]),
        token_hash=row["token_hash"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
