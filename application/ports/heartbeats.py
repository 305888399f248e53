from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.heartbeat.heartbeat import Heartbeat
from domain.shared.ids import HeartbeatId, IntegrationId


class HeartbeatRepository(Protocol):
    """Signs of life that are expected; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, heartbeat_id: HeartbeatId) -> Heartbeat:
        """The heartbeat, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, heartbeat_id: HeartbeatId) -> Heartbeat:
        """The heartbeat, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def get_by_key(self, key_hash: bytes) -> Heartbeat | None:
        """Whose key it is, held; waits for a worker that is at it."""

    @abstractmethod
    async def save(self, heartbeat: Heartbeat) -> Heartbeat:
        """Store it and return it as stored, one version on; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read, or when another has its key.
        """

    @abstractmethod
    async def remove(self, heartbeat_id: HeartbeatId) -> None:
        """Forget one that is held."""

    @abstractmethod
    async def list(self, page: PageRequest, *, integration_id: IntegrationId | None = None) -> Page[Heartbeat]:
        """By name and id; names may repeat. Needs no transaction."""

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[Heartbeat, ...]:
        """Those whose deadline has come, earliest first, held; those that somebody else holds are passed over."""

    @abstractmethod
    async def save_ticked(self, heartbeats: Sequence[Heartbeat]) -> None:
        """Store heartbeats that this transaction claimed, one version on each."""

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """When the next one is due, whoever may hold it. Needs no transaction."""
