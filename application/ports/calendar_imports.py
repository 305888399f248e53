from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.oncall.calendar_import import CalendarImport
from domain.shared.ids import ScheduleId


class CalendarImportRepository(Protocol):
    """The calendars that schedules follow, one each at most. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, schedule_id: ScheduleId) -> CalendarImport:
        """Held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, schedule_id: ScheduleId) -> CalendarImport:
        """Not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, calendar: CalendarImport) -> CalendarImport:
        """Store it, new when its version is 0, and return it as stored.

        Raises `ConflictError` when it was saved or removed since it was read, or the schedule has one already.
        """

    @abstractmethod
    async def remove(self, schedule_id: ScheduleId) -> None:
        """Raises `NotFoundError`."""

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[CalendarImport, ...]:
        """Those whose refresh has come, the longest due first; their next one is an interval from now.

        So whoever claims one and dies has it tried again. Those that another is claiming are passed over.
        """

    @abstractmethod
    async def failing(self, *, limit: int) -> tuple[CalendarImport, ...]:
        """Those whose last try failed, the longest failing first. Needs no transaction."""
