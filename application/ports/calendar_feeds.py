from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.oncall.feed import CalendarFeed
from domain.shared.ids import CalendarFeedId, UserId


class CalendarFeedRepository(Protocol):
    """Calendar feeds, found by the hash of their token. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, feed_id: CalendarFeedId) -> CalendarFeed:
        """The feed, held until the transaction ends, revoked or not. Raises `NotFoundError`."""

    @abstractmethod
    async def find(self, token_hash: bytes) -> CalendarFeed | None:
        """The feed of that token, unless it is revoked, or its owner or its person is not active.

        Needs no transaction.
        """

    @abstractmethod
    async def of_owner(self, owner_id: UserId) -> tuple[CalendarFeed, ...]:
        """Those that are not revoked, by id. Needs no transaction."""

    @abstractmethod
    async def add(self, feed: CalendarFeed) -> None:
        """Raises `ConflictError` when its owner, its person or its schedule does not exist."""

    @abstractmethod
    async def revoke(self, feed_id: CalendarFeedId, *, at: datetime) -> bool:
        """End it; false when it had been revoked before, or is not there."""
