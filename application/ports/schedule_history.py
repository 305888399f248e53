from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from application.ports.page import Page, require_limit
from domain.oncall.history import History, ScheduleVersion
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval
from domain.shared.limits import PAGE_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestVersionsFirst:
    """At most `limit` versions, of those made before the one with the number `before`."""

    limit: int = PAGE_DEFAULT
    before: int | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)


class KnownSchedule(NamedTuple):
    """A schedule by its present name, and what is known of it."""

    id: ScheduleId
    name: str
    history: History


class ScheduleHistory(Protocol):
    """What was known of schedules, and when. Needs no transaction."""

    @abstractmethod
    async def of(
        self, schedule_ids: Collection[ScheduleId], interval: Interval, *, known_at: datetime | None = None
    ) -> Mapping[ScheduleId, KnownSchedule]:
        """Of those that exist: what bears on the interval, as was known at an instant or, without one, as is known now.

        It answers for that interval, and as known at that instant, alone: so it grows with what happens in them and not
        with what was before, is after, or was known at other times.
        """

    @abstractmethod
    async def versions(self, schedule_id: ScheduleId, request: NewestVersionsFirst) -> Page[ScheduleVersion]:
        """As they were saved, the one made last first; none when there is no such schedule."""
