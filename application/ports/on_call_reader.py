from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval


class PageReceived(NamedTuple):
    """A page was handed over to a channel of that user, at the start of the attempt that did it."""

    user_id: UserId
    at: datetime


class OnCallReader(Protocol):
    """What answers about on call need beside schedules. What is committed is seen; nothing is held."""

    @abstractmethod
    async def time_zones(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """Where those users that exist live, as IANA names."""

    @abstractmethod
    async def pages(self, user_ids: Collection[UserId], interval: Interval, *, limit: int) -> tuple[PageReceived, ...]:
        """The pages delivered to them in the interval, oldest first, at most so many. An update is no page."""

    @abstractmethod
    async def schedules_of(self, user_id: UserId, *, since: datetime, limit: int) -> tuple[ScheduleId, ...]:
        """By id, the schedules that may put the user on call after that instant, at most so many.

        That is by layers in force then or later, as known now, or by an override or a temporary schedule that is not
        over. One that only takes them off, or lets them learn, does not put them on call.
        """
