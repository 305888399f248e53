from dataclasses import dataclass
from datetime import datetime

from application.authorize import require
from application.oncall.as_known import known_schedule, require_known_by
from application.oncall.span import require_span
from application.ports.clock import Clock
from application.ports.schedule_history import ScheduleHistory
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.history import as_known
from domain.oncall.quality import Quality, QualityLimits, quality_of
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class ScheduleQuality:
    """What a schedule could do better in an interval."""

    history: ScheduleHistory
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        interval: Interval,
        *,
        limits: QualityLimits,
        known_at: datetime | None = None,
        actor: Actor,
    ) -> Quality:
        """As was known at an instant, or, without one, as is known now: what is planned counts from its time on.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for more than 366 days, and for what is known in
        the future.
        """
        require(actor, Permission.READ)
        require_span(interval)
        require_known_by(known_at, now=self.clock.now())
        found = await known_schedule(self.history, schedule_id, interval, known_at=known_at)
        timeline = as_known(found.history, known_at)
        return quality_of(timeline.shifts(interval), timeline.gaps(interval), interval, limits)
