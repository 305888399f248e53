from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from application.errors import NotFoundError
from application.oncall.imported_schedule import ImportedSchedule
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.calendar_source import CalendarReader, CalendarShifts, CalendarSource, Fetched, Person
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.page import PageRequest
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.oncall.calendar_import import CalendarImport, import_window
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.limits import PAGE_LIMIT

BATCH: Final = 20  # one after another, each with a time limit of seconds: what is left is claimed by the next tick


@dataclass(frozen=True, slots=True)
class RefreshCalendars:
    """Reads the calendars whose time has come, and puts what they say on their schedules.

    Asked by any number of workers: whoever claims a calendar has pushed its next time on, so a worker that dies over it
    delays it by one interval. Nothing is held while its server is waited for.
    """

    imports: CalendarImportRepository
    schedules: ScheduleRepository
    users: UserRepository
    source: CalendarSource
    reader: CalendarReader
    imported_schedule: ImportedSchedule
    transaction: Transaction
    clock: Clock

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many were due. One that cannot be read keeps what was read last, and says why."""
        async with self.transaction:
            due = await self.imports.claim_due(at=self.clock.now(), limit=limit)
        for calendar in due:
            await self._refresh(calendar)
        return len(due)

    async def _refresh(self, calendar: CalendarImport) -> None:
        try:
            schedule = await self.schedules.look_up(calendar.schedule_id, since=self.clock.now())
            fetched = await self.source.fetch(calendar.url, etag=self._etag(calendar, schedule))
            found = None if fetched.body is None else await self._read(fetched.body, schedule)
        except (PortError, InvalidValueError) as error:
            await self._fail(calendar, str(error))
        else:
            await self._keep(calendar, fetched, found)

    def _etag(self, calendar: CalendarImport, schedule: Schedule) -> str | None:
        """None, so that all of it is read again: once a week, when somebody took it back, or may be known by now."""
        at = self.clock.now()
        there = next((each for each in schedule.temporaries if each.id == calendar.temporary_id), None)
        is_whole = there is not None and there.ends_at == import_window(at).end
        return calendar.etag if is_whole and not calendar.unread_count else None

    async def _read(self, body: bytes, schedule: Schedule) -> CalendarShifts:
        people = [person async for person in self._people()]
        window = import_window(self.clock.now())
        return await self.reader.read(body, people=people, zone=schedule.zone, window=window)

    async def _people(self) -> AsyncIterator[Person]:
        request = PageRequest(limit=PAGE_LIMIT)
        while True:
            page = await self.users.list(request)
            for user in page.items:
                if user.is_active:
                    yield Person(user.id, user.name, user.email)
            if not page.has_more:
                return
            request = PageRequest(limit=PAGE_LIMIT, after=(page.items[-1].name, page.items[-1].id))

    async def _keep(self, claimed: CalendarImport, fetched: Fetched, found: CalendarShifts | None) -> None:
        try:
            async with self.transaction:
                schedule = await self.schedules.get(claimed.schedule_id, since=self.clock.now())
                at = self.clock.now()
                calendar = await self._as_claimed(claimed)
                if calendar is None:
                    return
                if found is None:
                    await self.imports.save(calendar.unchanged(at=at))
                    return
                shifts = [(shift.user_id, shift.interval) for shift in found.shifts]
                temporary_id = await self.imported_schedule.put(
                    schedule, calendar.temporary_id, shifts, as_layer=calendar.as_layer, at=at
                )
                refreshed = calendar.refreshed(
                    at=at,
                    etag=fetched.etag,
                    temporary_id=temporary_id,
                    unread=(f"{each.summary or each.uid}: {each.reason}" for each in found.unread),
                    unread_count=found.unread_count,
                )
                await self.imports.save(refreshed)
        except InvalidValueError as error:
            await self._fail(claimed, error.reason)

    async def _fail(self, claimed: CalendarImport, reason: str) -> None:
        async with self.transaction:
            calendar = await self._as_claimed(claimed)
            if calendar is not None:
                await self.imports.save(calendar.failed(reason, at=self.clock.now()))

    async def _as_claimed(self, claimed: CalendarImport) -> CalendarImport | None:
        """None when it was removed meanwhile, or is another calendar now."""
        try:
            calendar = await self.imports.get(claimed.schedule_id)
        except NotFoundError:
            return None
        return calendar if calendar.url == claimed.url else None
