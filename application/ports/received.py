"""What an integration was sent, as it came: for people who look at it, and for trying a mapping on it."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One body, taken or set aside. A body of which a part was set aside is there twice, once as each."""

    id: UUID
    received_at: datetime
    format: str  # by which door it came
    size_bytes: int
    body: bytes  # its beginning
    refusal: str | None = None  # why it was set aside


class ReceivedReader(Protocol):
    """Needs no transaction."""

    @abstractmethod
    async def last(self, integration_id: IntegrationId, *, most: int, body_bytes: int) -> tuple[Received, ...]:
        """The newest first, with so many bytes of each body. Costs what is asked for, however much there is."""
