from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.page import Page, require_limit
from domain.oncall.cover import CoverRequest
from domain.shared.change import Change
from domain.shared.ids import AbsenceId, CoverRequestId, OverrideId, ScheduleId, TeamId, UserId
from domain.shared.limits import PAGE_DEFAULT


class CoverKey(NamedTuple):
    """Where in the list a request stands: open before decided, then the newest first. Ids order by time."""

    is_open: bool
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverQuery:
    """At most `limit` requests after the one that `after` names. Every part that is set must hold."""

    user_id: UserId | None = None  # whose time it is, or who is asked by name
    schedule_id: ScheduleId | None = None
    team_id: TeamId | None = None
    limit: int = PAGE_DEFAULT
    after: CoverKey | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)


class CoverRepository(Protocol):
    """Requests for cover. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, request_id: CoverRequestId) -> CoverRequest:
        """The request, not held: of two who decide on one, the later save is refused. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, change: Change[CoverRequest]) -> CoverRequest:
        """Store the state and append its events to the log, both or neither; return the state as stored.

        Raises `ConflictError` when it was saved since it was read. Without events it does nothing.
        """

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[CoverRequest, ...]:
        """Requests whose deadline has come, earliest first, held; those that another holds are passed over."""

    @abstractmethod
    async def expire(self, changes: Sequence[Change[CoverRequest]]) -> None:
        """Store what became of requests that this transaction claimed, and append the events to the log."""

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """When the next request expires, whoever may hold it. Needs no transaction."""

    @abstractmethod
    async def list(self, query: CoverQuery) -> Page[CoverRequest]:
        """Open ones first, then the newest. Needs no transaction."""

    @abstractmethod
    async def of_overrides(self, override_ids: Collection[OverrideId]) -> Mapping[OverrideId, CoverRequest]:
        """The accepted request that each of these overrides came of; nothing for one that was made by hand.

        Needs no transaction.
        """

    @abstractmethod
    async def open_of_absence(self, absence_id: AbsenceId) -> tuple[CoverRequest, ...]:
        """The open ones that were made from time off, by id. Needs no transaction."""
