from dataclasses import dataclass

from application.authorize import require
from application.ports.absences import AbsenceKey, AbsenceQuery, AbsenceRepository
from application.ports.clock import Clock
from application.ports.page import Page
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.absence import Absence
from domain.shared.ids import TeamId, UserId
from domain.shared.limits import PAGE_DEFAULT


@dataclass(frozen=True, slots=True)
class ListAbsences:
    """Time off that is not over, of a person, of a team's members or of all, by its end."""

    absences: AbsenceRepository
    clock: Clock

    async def __call__(
        self,
        *,
        user_id: UserId | None = None,
        team_id: TeamId | None = None,
        limit: int = PAGE_DEFAULT,
        after: AbsenceKey | None = None,
        actor: Actor,
    ) -> Page[Absence]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        since = self.clock.now()
        return await self.absences.list(
            AbsenceQuery(since=since, user_id=user_id, team_id=team_id, limit=limit, after=after)
        )
