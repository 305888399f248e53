from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.history import ended
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
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            temporary = await self.schedules.get_temporary(schedule_id, temporary_id)
            if temporary.ends_at <= at:
                raise IllegalTransitionError("temporary schedule", "over", "removed")
            left = ended(temporary, at=at)
            if left is None:
                await self.schedules.remove_temporary(schedule_id, temporary_id, at=at)
            else:
                await self.schedules.end_temporary(schedule_id, temporary_id, at=at)
            await self.record_audit(
                "schedule.remove_temporary",
                schedule_id,
                actor=actor,
                at=at,
                before=describe(temporary),
                after=None if left is None else describe(left),
            )
