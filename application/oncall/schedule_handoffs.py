from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from application.authorize import require
from application.oncall.as_known import known_schedule, require_known_by
from application.oncall.span import require_span
from application.ports.clock import Clock
from application.ports.schedule_history import ScheduleHistory
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import Handoff
from domain.oncall.history import as_known
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


class HandoffPage(NamedTuple):
    handoffs: tuple[Handoff, ...]
    next_since: datetime | None  # where the rest begins; None: there is none


@dataclass(frozen=True, slots=True)
class ScheduleHandoffs:
    """Every change of who is on call in an interval."""

    history: ScheduleHistory
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        interval: Interval,
        *,
        limit: int,
        known_at: datetime | None = None,
        actor: Actor,
    ) -> HandoffPage:
        """Oldest first, at most `limit`; as was known at an instant, or, without one, as is known now.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`.
        """
        require(actor, Permission.READ)
        require_span(interval)
        require_known_by(known_at, now=self.clock.now())
        # Who was on call just before the start decides whether it is a handoff.
        seen = Interval(start=interval.start - timedelta.resolution, end=interval.end)
        known = await known_schedule(self.history, schedule_id, seen, known_at=known_at)
        found = as_known(known.history, known_at).handoffs(interval)
        return HandoffPage(found[:limit], found[limit].at if len(found) > limit else None)
