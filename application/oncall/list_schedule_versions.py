from dataclasses import dataclass

from application.authorize import require
from application.ports.clock import Clock
from application.ports.page import Page
from application.ports.schedule_history import NewestVersionsFirst, ScheduleHistory
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.history import ScheduleVersion
from domain.shared.ids import ScheduleId


@dataclass(frozen=True, slots=True)
class ListScheduleVersions:
    """How a schedule was changed: from when each change holds, and since when it was known."""

    schedules: ScheduleRepository
    history: ScheduleHistory
    clock: Clock

    async def __call__(
        self, schedule_id: ScheduleId, request: NewestVersionsFirst, *, actor: Actor
    ) -> Page[ScheduleVersion]:
        """The one made last first. Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        await self.schedules.look_up(schedule_id, since=self.clock.now())
        return await self.history.versions(schedule_id, request)
