from dataclasses import dataclass

from application.authorize import require
from application.ports.clock import Clock
from application.ports.ending import EndingQuery, EndKey
from application.ports.page import Page
from application.ports.silences import SilenceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.silence import Silence
from domain.shared.ids import TeamId
from domain.shared.limits import PAGE_DEFAULT


@dataclass(frozen=True, slots=True)
class ListSilences:
    """Silences that are not over, by their end."""

    silences: SilenceRepository
    clock: Clock

    async def __call__(
        self,
        *,
        team_id: TeamId | None = None,
        limit: int = PAGE_DEFAULT,
        after: EndKey | None = None,
        actor: Actor,
    ) -> Page[Silence]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        query = EndingQuery(since=self.clock.now(), team_id=team_id, limit=limit, after=after)
        return await self.silences.list(query)
