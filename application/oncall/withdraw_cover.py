from dataclasses import dataclass

from application.oncall.cover_access import require_for
from application.oncall.take_back_cover import TakeBackCover
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.oncall.cover import CoverRequest
from domain.shared.ids import CoverRequestId


@dataclass(frozen=True, slots=True)
class WithdrawCover:
    """Whoever asked, or a manager for them, takes it back. Those who were asked hear of it."""

    covers: CoverRepository
    schedules: ScheduleRepository
    take_back_cover: TakeBackCover
    transaction: Transaction
    clock: Clock

    async def __call__(self, request_id: CoverRequestId, *, actor: Actor) -> CoverRequest:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        async with self.transaction:
            at = self.clock.now()
            request = await self.covers.get(request_id)
            schedule = await self.schedules.look_up(request.schedule_id, since=at)
            require_for(actor, request.user_id, team_id=schedule.team_id)
            (saved,) = await self.take_back_cover((request,), actor=actor, at=at)
            return saved
