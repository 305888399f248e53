from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from application.ports.page import Page, PageRequest
from domain.routing.inhibition import Inhibition, InhibitionKey
from domain.shared.ids import AlertId, InhibitionId, TeamId


class InhibitionRepository(Protocol):
    """Inhibitions. Writes are inside the current transaction."""

    @abstractmethod
    async def look_up(self, inhibition_id: InhibitionId) -> Inhibition:
        """Not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def add(self, inhibition: Inhibition) -> Inhibition:
        """Store a new one and return it as stored."""

    @abstractmethod
    async def remove(self, inhibition_id: InhibitionId) -> None:
        """With the sources known of it. Raises `NotFoundError`."""

    @abstractmethod
    async def count(self) -> int: ...

    @abstractmethod
    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Inhibition]:
        """By name and id. Needs no transaction."""


class Source(NamedTuple):
    """An alert that mutes others while it fires."""

    key: InhibitionKey
    alert_id: AlertId


class InhibitionSources(Protocol):
    """Which alerts mute others now. Inside the current transaction."""

    @abstractmethod
    async def add(self, sources: Sequence[Source]) -> None:
        """Alerts that have begun to fire."""

    @abstractmethod
    async def active(self, keys: Collection[InhibitionKey]) -> Mapping[InhibitionKey, AlertId]:
        """For each key that has one: an alert that fires."""

    @abstractmethod
    async def take_cleared(self, alert_ids: Collection[AlertId]) -> frozenset[InhibitionKey]:
        """Forget these alerts; what they were the sources of."""

    @abstractmethod
    async def keys_of(self, inhibition_id: InhibitionId) -> frozenset[InhibitionKey]:
        """Those that have a source."""
