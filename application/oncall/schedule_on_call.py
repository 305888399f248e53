from dataclasses import dataclass
from datetime import datetime

from application.authorize import require
from application.oncall.as_known import ahead_of, known_schedule, require_known_by
from application.oncall.on_call import OnCall
from application.ports.clock import Clock
from application.ports.schedule_history import ScheduleHistory
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import ScheduleId
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True)
class ScheduleOnCall:
    """Who is on call in one schedule."""

    history: ScheduleHistory
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
        actor: Actor,
    ) -> OnCall:
        """Now, when it is not said when; as was known at an instant, or, when it is not said, as is known now.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for one, or what is known at one in the future.
        """
        require(actor, Permission.READ)
        now = self.clock.now()
        instant = now if at is None else at
        require_instant("at", instant)
        require_known_by(known_at, now=now)
        found = await known_schedule(self.history, schedule_id, ahead_of(instant), known_at=known_at)
        return OnCall.of(found, at=instant, known_at=known_at)
