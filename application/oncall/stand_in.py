"""The one place where an accepted request for cover changes a schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.add_override import require_room
from application.ports.schedules import ScheduleRepository
from domain.identity.actor import Actor
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule


@dataclass(frozen=True, slots=True)
class StandIn:
    """Overrides that two people agreed on, in the open transaction; nobody's permission is asked any more."""

    schedules: ScheduleRepository
    record_audit: RecordAudit

    async def __call__(self, schedule: Schedule, overrides: Sequence[Override], *, actor: Actor, at: datetime) -> None:
        """The schedule is held by the caller, so that nobody else decides about it meanwhile.

        Raises `InvalidValueError` when it has too many, `ConflictError` when one overlaps another for the same user.
        """
        require_room(schedule, adding=len(overrides))
        for override in overrides:
            await self.schedules.add_override(schedule.id, override, at=at)
            await self.record_audit("schedule.add_override", schedule.id, actor=actor, at=at, after=describe(override))
