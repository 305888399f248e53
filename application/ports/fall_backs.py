from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol

from domain.escalation.fall_back import FallBack
from domain.shared.ids import TeamId


class FallBackRepository(Protocol):
    """Last resorts: at most one of each team, and one of the installation."""

    @abstractmethod
    async def get(self, team_id: TeamId | None) -> FallBack:
        """The team's own, or the installation's. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, fall_back: FallBack) -> FallBack:
        """Store it as its next version, inside the current transaction, and return it as stored; version 0 is a new
        one.

        Raises `ConflictError` when it was saved since it was read.
        """

    @abstractmethod
    async def effective(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, FallBack]:
        """For each team its own or else the installation's; teams with neither are left out. Needs no transaction."""
