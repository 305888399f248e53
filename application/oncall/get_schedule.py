from dataclasses import dataclass

from application.authorize import require
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class GetSchedule:
    """One schedule, with the overrides that have not ended."""

    schedules: ScheduleRepository
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, *, actor: Actor) -> Schedule:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.schedules.look_up(schedule_id, since=self.clock.now())
