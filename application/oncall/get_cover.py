from dataclasses import dataclass

from application.authorize import require
from application.ports.covers import CoverRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.cover import CoverRequest
from domain.shared.ids import CoverRequestId


@dataclass(frozen=True, slots=True)
class GetCover:
    """One request for cover."""

    covers: CoverRepository

    async def __call__(self, request_id: CoverRequestId, *, actor: Actor) -> CoverRequest:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.covers.get(request_id)
