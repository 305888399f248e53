from abc import abstractmethod
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId


class DueWatch(NamedTuple):
    watch: QuietWatch
    heard_at: datetime | None  # when the integration was last sent anything, taken or set aside


class QuietWatchRepository(Protocol):
    """Watches of integrations; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, integration_id: IntegrationId) -> QuietWatch | None:
        """Held until the transaction ends; None: nobody wants to know."""

    @abstractmethod
    async def look_up(self, integration_id: IntegrationId) -> QuietWatch | None:
        """Not held. Needs no transaction."""

    @abstractmethod
    async def save(self, watch: QuietWatch) -> None: ...

    @abstractmethod
    async def remove(self, integration_id: IntegrationId) -> None:
        """Without effect when there is none."""

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueWatch, ...]:
        """Those whose deadline has come, earliest first, held; those that another holds are passed over."""

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """Whoever may hold it. Needs no transaction."""
