from dataclasses import dataclass

from application.authorize import require
from application.ports.calendar_imports import CalendarImportRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.calendar_import import CalendarImport
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class GetCalendarImport:
    """The calendar that a schedule follows, and how that goes."""

    imports: CalendarImportRepository

    async def __call__(self, schedule_id: ScheduleId, *, actor: Actor) -> CalendarImport:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.imports.look_up(schedule_id)
