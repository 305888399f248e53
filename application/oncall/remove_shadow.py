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
from domain.shared.ids import ScheduleId, ShadowId


@dataclass(frozen=True, slots=True)
class RemoveShadow:
    """Nobody follows any longer; one that is under way ends now."""

    schedules: ScheduleRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` when it is over."""
        async with self.transaction:
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            shadow = await self.schedules.get_shadow(schedule_id, shadow_id)
            if shadow.ends_at <= at:
                raise IllegalTransitionError("shadow", "over", "removed")
            left = ended(shadow, at=at)
            if left is None:
                await self.schedules.remove_shadow(schedule_id, shadow_id, at=at)
            else:
                await self.schedules.end_shadow(schedule_id, shadow_id, at=at)
            await self.record_audit(
                "schedule.remove_shadow",
                schedule_id,
                actor=actor,
                at=at,
                before=describe(shadow),
                after=None if left is None else describe(left),
            )
