from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol, Self

from application.ports.page import Page, PageRequest
from domain.heartbeat.heartbeat import Heartbeat, PingKind
from domain.shared.ids import HeartbeatId, IntegrationId

OUTPUT_CHARACTERS: Final = 10_000  # of a run that failed: enough to see why


class ReceivedPing(NamedTuple):
    """A sign of life as it was given, perhaps with nobody's key."""

    key_hash: bytes
    kind: PingKind
    received_at: datetime
    exit_status: int | None = None
    output: str = ""
    is_post: bool = True

    def cut(self) -> Self:
        """With as much of its output as is kept: the end of it."""
        return self._replace(output=self.output[-OUTPUT_CHARACTERS:])


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
