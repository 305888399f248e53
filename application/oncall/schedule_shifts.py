from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.authorize import require
from application.oncall.as_known import known_schedule, require_known_by
from application.oncall.span import require_span
from application.ports.clock import Clock
from application.ports.schedule_history import ScheduleHistory
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import Shift
from domain.oncall.history import as_known
from domain.oncall.shadowing import ShadowShift
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


class ShiftsFound(NamedTuple):
    """By their start, and cut to the interval that was asked about."""

    shifts: tuple[Shift, ...]
    shadows: tuple[ShadowShift, ...]  # who learns beside whom; never counted as on call


@dataclass(frozen=True, slots=True)
class ScheduleShifts:
    """Who is on call in an interval, and who shadows them."""

    history: ScheduleHistory
    clock: Clock

    async def __call__(
        self, schedule_id: ScheduleId, interval: Interval, *, known_at: datetime | None = None, actor: Actor
    ) -> ShiftsFound:
        """As was known at an instant, or, without one, as is known now.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for more than 366 days, and for what is known in
        the future.
        """
        require(actor, Permission.READ)
        require_span(interval)
        require_known_by(known_at, now=self.clock.now())
        found = await known_schedule(self.history, schedule_id, interval, known_at=known_at)
        timeline = as_known(found.history, known_at)
        return ShiftsFound(timeline.shifts(interval), timeline.shadow_shifts(interval))
