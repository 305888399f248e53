from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class Inbox(Protocol):
    """Messages already handled."""

    @abstractmethod
    async def known(self, consumer: str, keys: Collection[str]) -> frozenset[str]:
        """Which of the keys are marked. Needs no transaction."""

    @abstractmethod
    async def take(self, consumer: str, keys: Collection[str], *, at: datetime) -> frozenset[str]:
        """Inside the current transaction: mark the keys as handled, and return those that were not before."""
