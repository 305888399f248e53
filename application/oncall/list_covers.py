from dataclasses import dataclass

from application.authorize import require
from application.ports.covers import CoverQuery, CoverRepository
from application.ports.page import Page
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.cover import CoverRequest


@dataclass(frozen=True, slots=True)
class ListCovers:
    """Requests for cover of a person, a schedule or a team, open ones first, then the newest."""

    covers: CoverRepository

    async def __call__(self, query: CoverQuery, *, actor: Actor) -> Page[CoverRequest]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.covers.list(query)
