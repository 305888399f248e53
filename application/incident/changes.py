from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.authorize import require
from application.ports.readers import ChangeRecord, IncidentReader, IncidentRef
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.limits import PAGE_DEFAULT

# What changed yesterday may break today; a sender's clock may run ahead, and a change may be reported when it is done.
BEFORE: Final = timedelta(hours=24)
AFTERWARDS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ListChanges:
    """Somebody asks what changed around the time that an incident began."""

    incidents: IncidentReader

    async def __call__(self, ref: IncidentRef, *, actor: Actor) -> tuple[ChangeRecord, ...]:
        """The newest changes first. Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        summary = (await self.incidents.get(ref)).summary
        return await self.incidents.changes(
            summary.service_id,
            since=summary.triggered_at - BEFORE,
            until=summary.triggered_at + AFTERWARDS,
            limit=PAGE_DEFAULT,
        )
