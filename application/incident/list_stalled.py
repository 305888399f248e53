from dataclasses import dataclass

from application.authorize import require
from application.escalation.watch import GRACE
from application.ports.clock import Clock
from application.ports.page import Page
from application.ports.readers import IncidentFilter, IncidentQuery, IncidentReader, IncidentSummary, TimeKey
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListStalled:
    """Somebody looks at incidents that nothing will happen to, and nothing says why (P2). Should be none."""

    incidents: IncidentReader
    clock: Clock

    async def __call__(self, *, limit: int, after: TimeKey | None, actor: Actor) -> Page[IncidentSummary]:
        """Oldest first. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        wanted = IncidentFilter(stalled_at=self.clock.now() - GRACE)
        return await self.incidents.list(IncidentQuery(filter=wanted, oldest_first=True, limit=limit, after=after))
