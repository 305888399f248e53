from dataclasses import dataclass

from application.authorize import require
from application.ports.absences import AbsenceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.absence import Absence
from domain.shared.ids import AbsenceId


@dataclass(frozen=True, slots=True)
class GetAbsence:
    """Somebody's time off."""

    absences: AbsenceRepository

    async def __call__(self, absence_id: AbsenceId, *, actor: Actor) -> Absence:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.absences.get(absence_id)
