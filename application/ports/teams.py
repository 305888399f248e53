from abc import abstractmethod
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId


class TeamRepository(Protocol):
    """Teams with their members. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, team_id: TeamId) -> Team:
        """The team, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, team_id: TeamId) -> Team:
        """The team, only to look at. Raises `NotFoundError`."""

    @abstractmethod
    async def list(self, page: PageRequest) -> Page[Team]:
        """By name, then id."""

    @abstractmethod
    async def save(self, team: Team) -> Team:
        """Store it with its members in their order, new when its version is 0, and return it as stored.

        Raises `ConflictError` when it was saved since it was read, its name is taken, or a member does not exist.
        """

    @abstractmethod
    async def team_ids_of(self, user_id: UserId) -> frozenset[TeamId]:
        """The teams that a user is a member of."""
