from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.cover_access import require_for
from application.oncall.tell_cover import TellCover
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.oncall.cover import CoverRequest
from domain.shared.change import Change
from domain.shared.ids import CoverRequestId


@dataclass(frozen=True, slots=True)
class WithdrawCover:
    """Whoever asked, or a manager for them, takes it back."""

    covers: CoverRepository
    schedules: ScheduleRepository
    tell_cover: TellCover
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, request_id: CoverRequestId, *, actor: Actor) -> CoverRequest:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        async with self.transaction:
            at = self.clock.now()
            request = await self.covers.get(request_id)
            schedule = await self.schedules.look_up(request.schedule_id, since=at)
            require_for(actor, request.user_id, team_id=schedule.team_id)
            change = request.withdraw(by=actor.user_id, at=at)
            if not change.events:
                return request
            saved = await self.covers.save(change)
            await self.record_audit(
                "cover.withdraw", saved.id, actor=actor, at=at, before=describe(request), after=describe(saved)
            )
            await self.tell_cover([Change(saved, change.events)], at=at)
            return saved
