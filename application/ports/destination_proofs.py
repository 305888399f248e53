from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from application.ports.notifier import Outcome
from domain.notification.destination import Destination
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId


class TriedDestination(NamedTuple):
    """One attempt at the address that a destination had then."""

    destination_id: DestinationId
    address: str
    at: datetime
    outcome: Outcome
    detail: str


class RefusingDestination(NamedTuple):
    destination: Destination
    proof: DestinationProof


class DestinationProofs(Protocol):
    """What is known of destinations, one row each. Writes are inside the current transaction."""

    @abstractmethod
    async def record(self, tries: Sequence[TriedDestination]) -> None:
        """Keep the latest of each. What is gone, or has another address by now, is passed over."""

    @abstractmethod
    async def forget(self, destination_id: DestinationId) -> None:
        """It has another address: what was known was of the one before."""

    @abstractmethod
    async def of(self, destination_ids: Collection[DestinationId]) -> Mapping[DestinationId, DestinationProof]:
        """Of those that anything is known of. Needs no transaction."""

    @abstractmethod
    async def refusing(self, *, limit: int) -> tuple[RefusingDestination, ...]:
        """Those that refused since anything got through, by name. Needs no transaction."""
