from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.page import Page, require_limit
from domain.oncall.absence import Absence
from domain.shared.ids import AbsenceId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import PAGE_DEFAULT


class AbsenceKey(NamedTuple):
    """Where in the list an absence stands. The id decides between those that end at one instant."""

    ends_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceQuery:
    """At most `limit` absences after the one that `after` names. Every part that is set must hold."""

    since: datetime  # those that end after it: what is over grows without end
    user_id: UserId | None = None
    team_id: TeamId | None = None  # of its present members
    limit: int = PAGE_DEFAULT
    after: AbsenceKey | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)


class AbsenceRepository(Protocol):
    """Time off. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, absence_id: AbsenceId) -> Absence:
        """Not held. Raises `NotFoundError`."""

    @abstractmethod
    async def add(self, absence: Absence) -> None:
        """Raises `ConflictError`, which names the other one, when it overlaps another of the same user."""

    @abstractmethod
    async def remove(self, absence_id: AbsenceId) -> None:
        """As if it had never been. Raises `NotFoundError`."""

    @abstractmethod
    async def end(self, absence_id: AbsenceId, *, at: datetime) -> None:
        """Let it end at an instant within its time. Raises `NotFoundError`."""

    @abstractmethod
    async def list(self, query: AbsenceQuery) -> Page[Absence]:
        """By when they end. Needs no transaction."""

    @abstractmethod
    async def of_users(self, user_ids: Collection[UserId], interval: Interval, *, limit: int) -> tuple[Absence, ...]:
        """Those of these users that have an instant in the interval, by their end. Needs no transaction."""
