from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from application.authorize import require
from application.oncall.span import require_span
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import Handoff
from domain.oncall.quality import handoffs
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


class HandoffPage(NamedTuple):
    handoffs: tuple[Handoff, ...]
    next_since: datetime | None  # where the rest begins; None: there is none


@dataclass(frozen=True, slots=True)
class ScheduleHandoffs:
    """Every change of who is on call in an interval."""

    schedules: ScheduleRepository

    async def __call__(self, schedule_id: ScheduleId, interval: Interval, *, limit: int, actor: Actor) -> HandoffPage:
        """Oldest first, at most `limit`. Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require(actor, Permission.READ)
        require_span(interval)
        # Who was on call just before the start decides whether it is a handoff.
        since = interval.start - timedelta.resolution
        found = handoffs(await self.schedules.look_up(schedule_id, since=since), interval)
        return HandoffPage(found[:limit], found[limit].at if len(found) > limit else None)
