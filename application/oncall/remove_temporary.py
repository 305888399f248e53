from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import ScheduleId, TemporaryScheduleId


@dataclass(frozen=True, slots=True)
class RemoveTemporarySchedule:
    """The layers decide again; one that is under way ends now, since who was on call does not change afterwards."""

    schedules: ScheduleRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` when it is over."""
        async with self.transaction:
            at = self.clock.now()
            schedule = await self.schedules.get(schedule_id, since=at)
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            temporary = await self.schedules.get_temporary(schedule_id, temporary_id)
            if temporary.ends_at <= at:
                raise IllegalTransitionError("temporary schedule", "over", "removed")
            left = temporary.cut(starts_at=temporary.starts_at, ends_at=at) if temporary.starts_at < at else None
            if left is None:
                await self.schedules.remove_temporary(schedule_id, temporary_id)
            else:
                await self.schedules.end_temporary(schedule_id, left)
            await self.record_audit(
                "schedule.remove_temporary",
                schedule_id,
                actor=actor,
                at=at,
                before=describe(temporary),
                after=None if left is None else describe(left),
            )
