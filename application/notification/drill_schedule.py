from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit.record import RecordAudit
from application.authorize import require
from application.notification.drill import Drill, Drilled
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import on_call
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, UserId


@dataclass(frozen=True, slots=True)
class DrillSchedule:
    """A test page for whoever is on call now, or for everybody who takes turns."""

    schedules: ScheduleRepository
    drill: Drill
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, *, everyone: bool, actor: Actor) -> Drilled:
        """Raises `ForbiddenError`, `NotFoundError`."""
        async with self.transaction:
            at = self.clock.now()
            schedule = await self.schedules.look_up(schedule_id, since=at)
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            drilled = await self.drill(_meant(schedule, everyone=everyone, at=at), at=at)
            after = {"told": [str(each) for each in drilled.told]}
            await self.record_audit("schedule.drill", schedule_id, actor=actor, at=at, after=after)
            return drilled


def _meant(schedule: Schedule, *, everyone: bool, at: datetime) -> Sequence[UserId]:
    if not everyone:
        return on_call(schedule, at)
    turns = (turn for layer in schedule.layers for turn in layer.rotation.participants)
    return tuple(dict.fromkeys(user_id for turn in turns for user_id in turn))
