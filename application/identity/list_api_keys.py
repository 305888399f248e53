from dataclasses import dataclass

from application.authorize import require
from application.ports.credentials import CredentialRepository
from application.ports.page import Page, PageRequest
from domain.identity.actor import Actor
from domain.identity.credential import ApiKey
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListApiKeys:
    """Every key, without its secret, which nobody knows."""

    credentials: CredentialRepository

    async def __call__(self, page: PageRequest, *, actor: Actor) -> Page[ApiKey]:
        """By name, then id; with those that no longer work. Raises `ForbiddenError`."""
        require(actor, Permission.ADMINISTER)
        return await self.credentials.list_keys(page)
