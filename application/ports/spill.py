from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from application.alert.routed import ReceivedEvent
from application.ports.alert_requests import ReceivedRequest
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import DeadLetter, ReceivedChange


class Spill(Protocol):
    """Where what comes in is kept while storage is away, until it can be stored in the order in which it came."""

    @abstractmethod
    async def put(self, batch: Sequence[ReceivedEvent]) -> None:
        """When it returns, all of them are kept, those of each integration in their order.

        Raises `TransientPortError`: some may be kept all the same, and will then be stored although nobody was told.
        """

    @abstractmethod
    async def put_change(self, change: ReceivedChange) -> None:
        """The same for a change event, after what its integration has put before. Raises `TransientPortError`."""

    @abstractmethod
    async def put_request(self, request: ReceivedRequest) -> None:
        """The same for what is asked about an alert, after what its integration has put before.

        Raises `TransientPortError`.
        """

    @abstractmethod
    async def put_ping(self, ping: ReceivedPing) -> None:
        """The same for a sign of life, after those with the same key. Of what it says, as much as is ever kept.

        Raises `TransientPortError`.
        """

    @abstractmethod
    async def put_letter(self, letter: DeadLetter) -> None:
        """The same for a dead letter, of whose body it may keep only the beginning. Raises `TransientPortError`."""

    @abstractmethod
    async def holds_any(self) -> bool:
        """Whether something is kept that has not been stored yet. Raises `TransientPortError`."""
