from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.shared.ids import ScheduleId, UserId


class Duties(Protocol):
    """Where a person may be on call."""

    @abstractmethod
    async def schedules_of(self, user_id: UserId, *, since: datetime) -> tuple[ScheduleId, ...]:
        """The schedules with a layer that names the user, or an override ending after `since` by which they stand in.

        By id. Needs no transaction.
        """
