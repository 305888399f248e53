from dataclasses import dataclass, replace

from application.authorize import require
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.calendar_import import CalendarImport
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class RefreshCalendarImport:
    """Have a worker read the calendar at its next look, and not only when its time has come."""

    imports: CalendarImportRepository
    schedules: ScheduleRepository
    transaction: Transaction
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, *, actor: Actor) -> CalendarImport:
        """Changes nothing of the schedule, so it leaves no trace. Raises `ForbiddenError`, `NotFoundError`."""
        async with self.transaction:
            at = self.clock.now()
            schedule = await self.schedules.look_up(schedule_id, since=at)
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            calendar = await self.imports.get(schedule_id)
            return await self.imports.save(replace(calendar, etag=None, next_refresh_at=at))
