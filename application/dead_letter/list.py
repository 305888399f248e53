from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page
from application.ports.readers import DeadLetterReader, DeadLetterRecord, NewestFirst
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListDeadLetters:
    """An admin looks at messages that could not be used."""

    dead_letters: DeadLetterReader

    async def __call__(self, request: NewestFirst, *, actor: Actor) -> Page[DeadLetterRecord]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.ADMINISTER)
        return await self.dead_letters.list(request)
