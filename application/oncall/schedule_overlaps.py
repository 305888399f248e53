from dataclasses import dataclass

from application.authorize import require
from application.oncall.span import require_span
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import shifts
from domain.oncall.quality import Finding, QualityLimits, overlaps
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class ScheduleOverlaps:
    """When more people are on call at once than are meant to be."""

    schedules: ScheduleRepository

    async def __call__(
        self, schedule_id: ScheduleId, interval: Interval, *, people: int = 1, actor: Actor
    ) -> tuple[Finding, ...]:
        """Oldest first. Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for more than 366 days."""
        require(actor, Permission.READ)
        require_span(interval)
        meant = QualityLimits(people=people).people
        return overlaps(shifts(await self.schedules.look_up(schedule_id, since=interval.start), interval), people=meant)
