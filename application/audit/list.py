from dataclasses import dataclass
from uuid import UUID

from application.authorize import require
from application.ports.page import Page
from application.ports.readers import AuditReader, AuditRecord, NewestFirst
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListAuditEntries:
    """An admin asks who did what."""

    audit: AuditReader

    async def __call__(self, request: NewestFirst, *, noun_id: UUID | None = None, actor: Actor) -> Page[AuditRecord]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.ADMINISTER)
        return await self.audit.list(request, noun_id=noun_id)
