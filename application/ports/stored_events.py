from abc import abstractmethod
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.intake import RawEvent


class StoredEvent(NamedTuple):
    """A raw event, with the verdicts on what was in it."""

    raw: RawEvent
    integration_name: str


class StoredEventReader(Protocol):
    """Raw events, for as long as they are kept."""

    @abstractmethod
    async def get(self, event_id: UUID) -> StoredEvent:
        """Needs no transaction. Raises `NotFoundError`."""
