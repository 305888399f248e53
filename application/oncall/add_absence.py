from dataclasses import dataclass
from typing import NamedTuple

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.cover_access import require_for_member
from application.oncall.find_uncovered import FindUncovered
from application.oncall.schedule_references import user_at
from application.ports.absences import AbsenceRepository
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.references import References
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.oncall.absence import Absence, Uncovered
from domain.shared.errors import InvalidValueError
from domain.shared.ids import AbsenceId, UserId
from domain.shared.interval import Interval


class Planned(NamedTuple):
    """Time off, and what it warns of: when the person is on call all the same."""

    absence: Absence
    uncovered: tuple[Uncovered, ...]


@dataclass(frozen=True, slots=True)
class AddAbsence:
    """Somebody will be away. They stay on call until others take over; the answer warns of when that is."""

    absences: AbsenceRepository
    teams: TeamRepository
    references: References
    find_uncovered: FindUncovered
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(self, *, user_id: UserId, interval: Interval, reason: str = "", actor: Actor) -> Planned:
        """Raises `ForbiddenError`, `InvalidValueError`, `ConflictError`, which names the other, when two overlap."""
        await require_for_member(actor, user_id, self.teams)
        async with self.transaction:
            at = self.clock.now()
            if interval.end <= at:
                raise InvalidValueError("ends_at", "must be in the future")
            await require_known(self.references, [user_at("user_id", user_id)])
            absence = Absence(id=AbsenceId(self.ids.new()), user_id=user_id, interval=interval, reason=reason.strip())
            await self.absences.add(absence)
            await self.record_audit("absence.add", absence.id, actor=actor, at=at, after=describe(absence))
            return Planned(absence, (await self.find_uncovered(absence, at=at)).uncovered)
