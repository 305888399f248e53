from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from application.alert.ingest import ReceivedEvent


class Spill(Protocol):
    """Where events are kept while storage is away, until they can be stored in the order in which they came."""

    @abstractmethod
    async def put(self, batch: Sequence[ReceivedEvent]) -> None:
        """When it returns, all of them are kept, those of each integration in their order.

        Raises `TransientPortError`: some may be kept all the same, and will then be stored although nobody was told.
        """

    @abstractmethod
    async def holds_any(self) -> bool:
        """Whether something is kept that has not been stored yet. Raises `TransientPortError`."""
