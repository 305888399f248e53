from dataclasses import dataclass
from datetime import datetime

from application.authorize import require
from application.oncall.as_known import ahead_of
from application.oncall.on_call import OnCall
from application.ports.clock import Clock
from application.ports.page import Page, PageRequest
from application.ports.schedule_history import ScheduleHistory
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import TeamId
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True)
class WhoIsOnCall:
    """Who is on call, schedule by schedule."""

    history: ScheduleHistory
    clock: Clock

    async def __call__(
        self, page: PageRequest, *, at: datetime | None = None, team_id: TeamId | None = None, actor: Actor
    ) -> Page[OnCall]:
        """By the schedules' names and ids; now, when it is not said when.

        Raises `ForbiddenError`, `InvalidValueError`.
        """
        require(actor, Permission.READ)
        instant = self.clock.now() if at is None else at
        require_instant("at", instant)
        schedules, has_more = await self.history.page(page, ahead_of(instant), team_id=team_id)
        return Page(tuple(OnCall.of(schedule, at=instant) for schedule in schedules), has_more)
