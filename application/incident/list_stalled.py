from dataclasses import dataclass
from typing import NamedTuple

from application.authorize import require
from application.escalation.watch import GRACE
from application.ports.clock import Clock
from application.ports.page import Page
from application.ports.readers import IncidentFilter, IncidentQuery, IncidentReader, IncidentSummary, TimeKey
from domain.escalation.stall import StallReason
from domain.identity.actor import Actor
from domain.identity.role import Permission


class StalledIncident(NamedTuple):
    incident: IncidentSummary
    reason: StallReason


@dataclass(frozen=True, slots=True)
class ListStalled:
    """Somebody looks at exactly the incidents that `CountStalled` counts (P2). Should be none."""

    incidents: IncidentReader
    clock: Clock

    async def __call__(self, *, limit: int, after: TimeKey | None, actor: Actor) -> Page[StalledIncident]:
        """Oldest first. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        at = self.clock.now() - GRACE
        query = IncidentQuery(filter=IncidentFilter(stalled_at=at), oldest_first=True, limit=limit, after=after)
        page = await self.incidents.list(query)
        return Page(tuple(StalledIncident(each, each.stall_reason(at)) for each in page.items), page.has_more)
