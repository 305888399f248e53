from dataclasses import dataclass

from application.authorize import require
from application.oncall.span import require_span
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.quality import Quality, QualityLimits, quality
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class ScheduleQuality:
    """What a schedule could do better in an interval."""

    schedules: ScheduleRepository

    async def __call__(
        self, schedule_id: ScheduleId, interval: Interval, *, limits: QualityLimits, actor: Actor
    ) -> Quality:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for more than 366 days."""
        require(actor, Permission.READ)
        require_span(interval)
        return quality(await self.schedules.look_up(schedule_id, since=interval.start), interval, limits)
