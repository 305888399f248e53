from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.mailbox import Mailbox, MailboxMessage


@dataclass(frozen=True, slots=True)
class MemoryMailbox(Mailbox):
    session: MemorySession

    async def store(self, message: MailboxMessage) -> None:
        database = self.session.database
        database.mailbox = (*database.mailbox, message)
