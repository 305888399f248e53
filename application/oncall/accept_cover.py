from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ForbiddenError
from application.expectation import require_version
from application.oncall.stand_in import StandIn
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.ids import IdFactory
from application.ports.schedules import ScheduleRepository
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.cover import CoverRequest
from domain.shared.ids import CoverRequestId, OverrideId


@dataclass(frozen=True, slots=True)
class AcceptCover:
    """Somebody who was asked takes the time over, which puts an override on the schedule, or two for a swap."""

    covers: CoverRepository
    schedules: ScheduleRepository
    teams: TeamRepository
    stand_in: StandIn
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(self, request_id: CoverRequestId, *, actor: Actor) -> CoverRequest:
        """The request is read before the schedule is waited for: of two at once, the second is told of a conflict.

        Raises `ForbiddenError` for who was not asked, `NotFoundError`, `ConflictError`, `IllegalTransitionError`, and
        `InvalidValueError` when the exchange would leave fewer people on call.
        """
        require(actor, Permission.RESPOND)
        async with self.transaction:
            request = await self.covers.get(request_id)
            schedule = await self.schedules.get(request.schedule_id, since=self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            # Whoever was waited for may have answered it, and then the schedule already shows so.
            answered = await self.covers.get(request_id)
            require_version("cover request", request_id, expected=request.version, stored=answered.version)
            members = () if request.asked_of else (await self.teams.look_up(schedule.team_id)).member_ids
            override_ids = tuple(OverrideId(self.ids.new()) for _ in range(request.overrides_needed))
            change = request.accept(by=actor.user_id, schedule=schedule, override_ids=override_ids, at=at)
            if actor.user_id not in request.asked(members):
                raise ForbiddenError("this was asked of others; tell whoever asked to ask you too")
            if not change.events:
                return request
            saved = await self.covers.save(change)
            await self.stand_in(schedule, saved.overrides, actor=actor, at=at)
            await self.record_audit(
                "cover.accept", saved.id, actor=actor, at=at, before=describe(request), after=describe(saved)
            )
            return saved
