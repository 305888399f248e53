from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.calendar_imports import CalendarImportRepository
from domain.oncall.calendar_import import CalendarImport
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class MemoryCalendarImportRepository(CalendarImportRepository):
    session: MemorySession

    async def get(self, schedule_id: ScheduleId) -> CalendarImport:
        return await self.look_up(schedule_id)

    async def look_up(self, schedule_id: ScheduleId) -> CalendarImport:
        found = self.session.database.calendar_imports.get(schedule_id)
        if found is None:
            raise NotFoundError("calendar import", schedule_id)
        return found

    async def save(self, calendar: CalendarImport) -> CalendarImport:
        imports = self.session.database.calendar_imports
        there = imports.get(calendar.schedule_id)
        if calendar.version != (0 if there is None else there.version):
            raise ConflictError("calendar import", calendar.schedule_id)
        stored = imports[calendar.schedule_id] = replace(calendar, version=calendar.version + 1)
        return stored

    async def remove(self, schedule_id: ScheduleId) -> None:
        if self.session.database.calendar_imports.pop(schedule_id, None) is None:
            raise NotFoundError("calendar import", schedule_id)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[CalendarImport, ...]:
        imports = self.session.database.calendar_imports
        due = sorted(
            (each for each in imports.values() if each.next_refresh_at <= at),
            key=lambda each: (each.next_refresh_at, each.schedule_id),
        )[:limit]
        claimed = tuple(replace(each, next_refresh_at=at + each.refresh_every) for each in due)
        imports.update({each.schedule_id: each for each in claimed})
        return claimed

    async def failing(self, *, limit: int) -> tuple[CalendarImport, ...]:
        failing = [
            (each.failing_since, each.schedule_id, each)
            for each in self.session.database.calendar_imports.values()
            if each.failing_since is not None
        ]
        return tuple(each for _, _, each in sorted(failing)[:limit])
