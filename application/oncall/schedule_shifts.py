from dataclasses import dataclass

from application.authorize import require
from application.oncall.span import require_span
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import Shift, shifts
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class ScheduleShifts:
    """The shifts of an interval, cut to it, by their start."""

    schedules: ScheduleRepository

    async def __call__(self, schedule_id: ScheduleId, interval: Interval, *, actor: Actor) -> tuple[Shift, ...]:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for more than 366 days."""
        require(actor, Permission.READ)
        require_span(interval)
        return shifts(await self.schedules.look_up(schedule_id, since=interval.start), interval)
