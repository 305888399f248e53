from dataclasses import dataclass
from datetime import datetime

from application.authorize import require
from application.oncall.on_call import OnCall
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import ScheduleId
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True)
class ScheduleOnCall:
    """Who is on call in one schedule."""

    schedules: ScheduleRepository
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, *, at: datetime | None = None, actor: Actor) -> OnCall:
        """Now, when it is not said when. Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require(actor, Permission.READ)
        instant = self.clock.now() if at is None else at
        require_instant("at", instant)
        return OnCall.of(await self.schedules.look_up(schedule_id, since=instant), at=instant)
