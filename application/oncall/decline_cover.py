from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ForbiddenError
from application.oncall.tell_cover import TellCover
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.schedules import ScheduleRepository
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.cover import CoverRequest
from domain.shared.change import Change
from domain.shared.ids import CoverRequestId


@dataclass(frozen=True, slots=True)
class DeclineCover:
    """Somebody who was asked will not. When everyone has said so, the request is over."""

    covers: CoverRepository
    schedules: ScheduleRepository
    teams: TeamRepository
    tell_cover: TellCover
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, request_id: CoverRequestId, *, actor: Actor) -> CoverRequest:
        """Raises `ForbiddenError` for who was not asked, `NotFoundError`, `ConflictError`, `IllegalTransitionError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            request = await self.covers.get(request_id)
            schedule = await self.schedules.look_up(request.schedule_id, since=at)
            members = (await self.teams.look_up(schedule.team_id)).member_ids
            if actor.user_id not in request.asked(members):
                raise ForbiddenError("this was asked of others")
            change = request.decline(by=actor.user_id, members=members, at=at)
            if not change.events:
                return request
            saved = await self.covers.save(change)
            await self.record_audit(
                "cover.decline", saved.id, actor=actor, at=at, before=describe(request), after=describe(saved)
            )
            await self.tell_cover([Change(saved, change.events)], at=at)
            return saved
