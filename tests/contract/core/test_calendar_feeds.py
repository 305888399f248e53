"""The promises of `CalendarFeedRepository`, kept by every adapter of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from dishka import AsyncContainer

from application.errors import ConflictError, NotFoundError
from application.ports.calendar_feeds import CalendarFeedRepository
from application.ports.transaction import Transaction
from domain.oncall.feed import CalendarFeed
from domain.shared.ids import CalendarFeedId, ScheduleId, UserId
from tests.support.builders import ADA, BEN, DAN, NOON, ROTA
from tests.support.world import Ports

NOBODY = UserId(UUID(int=99))
HOUR = timedelta(hours=1)


@pytest.fixture
async def feeds(ports: Ports, container: AsyncContainer) -> AsyncIterator["Feeds"]:
    """Over the town."""
    async with container() as scope:
        yield Feeds(await scope.get(CalendarFeedRepository), await scope.get(Transaction))


class Feeds:
    """The repository, with a transaction around each write."""

    def __init__(self, repository: CalendarFeedRepository, transaction: Transaction) -> None:
        self.repository = repository
        self.transaction = transaction

    async def add(self, *feeds: CalendarFeed) -> None:
        async with self.transaction:
            for feed in feeds:
                await self.repository.add(feed)

    async def revoke(self, feed: CalendarFeed) -> bool:
        async with self.transaction:
            return await self.repository.revoke(feed.id, at=NOON + HOUR)

    async def get(self, feed: CalendarFeed) -> CalendarFeed:
        async with self.transaction:
            return await self.repository.get(feed.id)


def a_feed(number: int = 1, *, owner_id: UserId = ADA, user_id: UserId | None = ADA) -> CalendarFeed:
    """Of a user, or else of the rota."""
    return CalendarFeed(
        id=CalendarFeedId(UUID(int=50_000 + number)),
        owner_id=owner_id,
        user_id=user_id,
        schedule_id=ROTA if user_id is None else None,
        token_hash=bytes([number]) * 32,
        created_at=NOON,
    )


async def test_a_feed_is_read_as_it_was_added(feeds: Feeds) -> None:
    of_a_user, of_a_schedule = a_feed(1), a_feed(2, user_id=None)
    await feeds.add(of_a_user, of_a_schedule)
    assert await feeds.get(of_a_user) == of_a_user
    assert await feeds.get(of_a_schedule) == of_a_schedule
    with pytest.raises(NotFoundError):
        await feeds.get(a_feed(3))


async def test_a_feed_is_found_by_its_token_until_it_is_revoked(feeds: Feeds) -> None:
    feed, other = a_feed(1), a_feed(2, user_id=None)
    await feeds.add(feed, other)
    assert await feeds.repository.find(feed.token_hash) == feed
    assert await feeds.repository.find(other.token_hash) == other
    assert await feeds.repository.find(b"x" * 32) is None
    assert await feeds.revoke(feed)
    assert not await feeds.revoke(feed)
    assert not await feeds.revoke(a_feed(3))
    assert await feeds.repository.find(feed.token_hash) is None
    assert await feeds.get(feed) == feed.revoke(at=NOON + HOUR)


async def test_a_feed_shows_nothing_once_its_owner_or_its_person_has_left(ports: Ports, feeds: Feeds) -> None:
    left, of_who_left = a_feed(1, owner_id=DAN, user_id=None), a_feed(2, user_id=DAN)
    stays = a_feed(3, owner_id=BEN, user_id=None)
    await feeds.add(left, of_who_left, stays)
    assert await feeds.repository.find(left.token_hash) is None
    assert await feeds.repository.find(of_who_left.token_hash) is None
    assert await feeds.repository.find(stays.token_hash) == stays
    async with ports.transaction:
        await ports.users.save(replace(await ports.users.get(BEN), is_active=False))
    assert await feeds.repository.find(stays.token_hash) is None


async def test_the_feeds_of_an_owner_are_those_not_revoked_by_id(feeds: Feeds) -> None:
    first, second, revoked, other = a_feed(1), a_feed(2, user_id=None), a_feed(3), a_feed(4, owner_id=BEN)
    await feeds.add(second, revoked, other, first)
    await feeds.revoke(revoked)
    assert await feeds.repository.of_owner(ADA) == (first, second)
    assert await feeds.repository.of_owner(NOBODY) == ()


async def test_a_feed_needs_an_owner_and_a_person_or_schedule_that_exist(feeds: Feeds) -> None:
    nowhere = replace(a_feed(user_id=None), schedule_id=ScheduleId(UUID(int=99)))
    for wrong in (a_feed(owner_id=NOBODY), a_feed(user_id=NOBODY), nowhere):
        with pytest.raises(ConflictError):
            await feeds.add(wrong)
