from dataclasses import dataclass, replace
from datetime import timedelta

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import NotFoundError
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.calendar_import import REFRESH_DEFAULT, CalendarImport, calendar_url
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class SetCalendarImport:
    """Let a schedule follow somebody else's calendar, or another one than before."""

    imports: CalendarImportRepository
    schedules: ScheduleRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        *,
        url: str,
        refresh_every: timedelta = REFRESH_DEFAULT,
        as_layer: bool = False,
        actor: Actor,
    ) -> CalendarImport:
        """A worker reads it at once; as a layer it leaves to the others what it names nobody for.

        The audit trail has its host alone: the address is a secret.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`.
        """
        async with self.transaction:
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            wanted = CalendarImport(
                schedule_id=schedule_id,
                url=calendar_url(url),
                refresh_every=refresh_every,
                as_layer=as_layer,
                created_by=actor.user_id,
                created_at=at,
                next_refresh_at=at,
            )
            before = await self._before(schedule_id)
            if before is not None:
                wanted = replace(wanted, temporary_id=before.temporary_id, version=before.version)
            saved = await self.imports.save(wanted)
            await self.record_audit(
                "schedule.set_calendar",
                schedule_id,
                actor=actor,
                at=at,
                before=None if before is None else shown(before),
                after=shown(saved),
            )
            return saved

    async def _before(self, schedule_id: ScheduleId) -> CalendarImport | None:
        """The schedule is held, so nobody else sets one meanwhile."""
        try:
            return await self.imports.get(schedule_id)
        except NotFoundError:
            return None


def shown(calendar: CalendarImport) -> dict[str, object]:
    """What the audit trail may say of it."""
    return {
        "host": calendar.host,
        "refresh_seconds": calendar.refresh_every.total_seconds(),
        "as_layer": calendar.as_layer,
    }
