from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from application.ports.page import Page, PageRequest
from domain.notification.destination import Destination
from domain.shared.ids import DestinationId, TeamId

USES_NAMED: Final = 5  # what a refusal names


class DestinationUses(NamedTuple):
    """What tells a destination now."""

    policies: tuple[str, ...]  # the names of the first ones
    more_policies: int
    fall_backs: int

    @property
    def is_used(self) -> bool:
        return bool(self.policies) or self.fall_backs > 0


class DestinationRepository(Protocol):
    """Destinations; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, destination_id: DestinationId) -> Destination:
        """The destination, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, destination_id: DestinationId) -> Destination:
        """The destination, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def get_many(self, destination_ids: Collection[DestinationId]) -> Mapping[DestinationId, Destination]:
        """Those that are there, not held. Needs no transaction."""

    @abstractmethod
    async def save(self, destination: Destination) -> Destination:
        """Store it and return it as stored; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read, or when another one has its name.
        """

    @abstractmethod
    async def delete(self, destination_id: DestinationId) -> None:
        """With its secrets."""

    @abstractmethod
    async def count(self) -> int: ...

    @abstractmethod
    async def uses_of(self, destination_id: DestinationId) -> DestinationUses:
        """The newest versions of policies and the fall-backs of last resort that name it."""

    @abstractmethod
    async def policies_with(
        self, destination_ids: Collection[DestinationId]
    ) -> Mapping[DestinationId, tuple[str, ...]]:
        """The names of the policies that name each in their newest version; without those that none names."""

    @abstractmethod
    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Destination]:
        """By name and id, of one team or of all. Needs no transaction."""


class DestinationSecrets(Protocol):
    """What messages to a destination are signed with. Kept from what is shown, since it must be known again."""

    @abstractmethod
    async def put(self, destination_id: DestinationId, secret: str, *, old_expires_at: datetime) -> None:
        """From now on, inside the current transaction. The one before is valid until it expires."""

    @abstractmethod
    async def of(self, destination_id: DestinationId, *, at: datetime) -> tuple[str, ...]:
        """Those that are valid, the newest first. Needs no transaction."""
