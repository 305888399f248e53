from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.page import Page
from application.ports.schedule_history import NewestVersionsFirst
from domain.routing.dependency import Dependency
from domain.routing.inhibition import Inhibition
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.route import Routing
from domain.routing.silence import Silence
from domain.shared.ids import UserId


class RoutingVersion(NamedTuple):
    """A routing as it once was."""

    routing: Routing
    saved_at: datetime
    saved_by: UserId | None


class Drops(NamedTuple):
    """How many events a rule has dropped, and the last of them."""

    dropped: int
    last_at: datetime
    last_event_id: UUID | None = None


class RoutingRepository(Protocol):
    """Rules of the organisation, of teams and of integrations: at most one routing of each, in all its versions."""

    @abstractmethod
    async def get(self, owner_id: UUID, *, version: int | None = None) -> RoutingVersion:
        """The newest version, or another one. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def versions(self, owner_id: UUID, request: NewestVersionsFirst) -> Page[RoutingVersion]:
        """Newest first; none of an owner that never had rules. Needs no transaction."""

    @abstractmethod
    async def save(self, routing: Routing, *, at: datetime, by: UserId | None) -> Routing:
        """Store it as its next version inside the current transaction, and return it as stored; 0 is a new one.

        Every version before is kept. Raises `ConflictError` when it was saved since it was read.
        """

    @abstractmethod
    async def drops(self, owner_id: UUID) -> Mapping[str, Drops]:
        """What each rule of the owner has dropped, by its name. Needs no transaction."""


class RulebookSource(Protocol):
    """What a process reads to keep all rules in its memory."""

    @abstractmethod
    async def revision(self) -> int:
        """Another one after each commit that changed a rule of any kind; the cheapest of questions."""

    @abstractmethod
    async def routing_versions(self) -> Mapping[UUID, int]:
        """The newest version of each owner's routing."""

    @abstractmethod
    async def silences(self, *, at: datetime) -> Sequence[Silence]:
        """Those that are not over, by id."""

    @abstractmethod
    async def maintenance(self, *, at: datetime) -> Sequence[MaintenanceWindow]:
        """The windows that are not over, by id."""

    @abstractmethod
    async def inhibitions(self) -> Sequence[Inhibition]:
        """All of them, by id."""

    @abstractmethod
    async def dependencies(self) -> Sequence[Dependency]:
        """All of them, those of a service in their order."""

    @abstractmethod
    async def routings(self, owner_ids: Collection[UUID]) -> Sequence[Routing]:
        """The newest version of these owners' routings."""
