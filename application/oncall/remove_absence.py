from dataclasses import dataclass, replace

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.cover_access import require_for_member
from application.oncall.take_back_cover import TakeBackCover
from application.ports.absences import AbsenceRepository
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import AbsenceId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class RemoveAbsence:
    """Somebody will not be away, or is back: time off that is under way ends now. Who stands in still does.

    What was asked for it and nobody has accepted yet is taken back.
    """

    absences: AbsenceRepository
    teams: TeamRepository
    covers: CoverRepository
    take_back_cover: TakeBackCover
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, absence_id: AbsenceId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` when it is over.

        Raises `ConflictError` when somebody answers one of its requests for cover at this moment.
        """
        async with self.transaction:
            at = self.clock.now()
            absence = await self.absences.get(absence_id)
            await require_for_member(actor, absence.user_id, self.teams)
            span = absence.interval
            if span.end <= at:
                raise IllegalTransitionError("absence", "over", "removed")
            left = replace(absence, interval=Interval(start=span.start, end=at)) if span.start < at else None
            if left is None:
                await self.absences.remove(absence_id)
            else:
                await self.absences.end(absence_id, at=at)
            await self.record_audit(
                "absence.remove",
                absence_id,
                actor=actor,
                at=at,
                before=describe(absence),
                after=None if left is None else describe(left),
            )
            asked = await self.covers.open_of_absence(absence_id)
            # Nobody may have come yet to let those expire whose time has begun.
            unanswered = [request for request in asked if not request.tick(at).events]
            await self.take_back_cover(unanswered, actor=actor, at=at)
