"""Domain events, once committed, in commit order. Timeline, stream and webhooks are its readers."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId


class EventPosition(NamedTuple):
    """Where in the log an event stands. Orders by commit, not by clock."""

    transaction: int
    sequence: int


class LoggedEvent(NamedTuple):
    position: EventPosition
    event: DomainEvent


class EventLog(Protocol):
    @abstractmethod
    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Inside the current transaction: they are there when, and only when, it commits."""

    @abstractmethod
    async def after(self, position: EventPosition, *, limit: int) -> tuple[LoggedEvent, ...]:
        """The next events after a position, oldest first. Never skips one that commits late."""

    @abstractmethod
    async def end(self) -> EventPosition:
        """The position after which everything is still to come."""

    @abstractmethod
    async def of_incident(
        self, incident_id: IncidentId, *, after: EventPosition | None = None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        """One incident's events, oldest first."""
