from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.oncall.imported_schedule import ImportedSchedule
from application.oncall.set_calendar_import import shown
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class RemoveCalendarImport:
    """Let the schedule follow no calendar any more: its layers decide again, from now on."""

    imports: CalendarImportRepository
    schedules: ScheduleRepository
    imported_schedule: ImportedSchedule
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`."""
        async with self.transaction:
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            calendar = await self.imports.get(schedule_id)
            await self.imported_schedule.take_back(schedule, calendar.temporary_id, at=at)
            await self.imports.remove(schedule_id)
            await self.record_audit("schedule.remove_calendar", schedule_id, actor=actor, at=at, before=shown(calendar))
