from dataclasses import dataclass

from application.authorize import require
from application.ports.clock import Clock
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.schedule import Schedule
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class ListSchedules:
    """Schedules by name, of one team or of all, with the overrides that have not ended."""

    schedules: ScheduleRepository
    clock: Clock

    async def __call__(self, page: PageRequest, *, team_id: TeamId | None = None, actor: Actor) -> Page[Schedule]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.schedules.list(page, since=self.clock.now(), team_id=team_id)
