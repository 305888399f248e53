from dataclasses import dataclass

from application.authorize import require
from application.ports.mailbox import MailboxMessage
from application.ports.page import Page
from application.ports.readers import MailboxReader, NewestFirst
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListMailbox:
    """An admin looks at the messages of channels that are not set up.

    Their links act as the one they were written to, so only who may do anything sees them.
    """

    mailbox: MailboxReader

    async def __call__(self, request: NewestFirst, *, actor: Actor) -> Page[MailboxMessage]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.ADMINISTER)
        return await self.mailbox.list(request)
