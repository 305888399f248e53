from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.ports.inbox import Inbox


@dataclass(frozen=True, slots=True)
class MemoryInbox(Inbox):
    session: MemorySession

    async def known(self, consumer: str, keys: Collection[str]) -> frozenset[str]:
        handled = self.session.database.inbox
        return frozenset(key for key in keys if (consumer, key) in handled)

    async def take(self, consumer: str, keys: Collection[str], *, at: datetime) -> frozenset[str]:
        handled = self.session.database.inbox
        new = frozenset(key for key in keys if (consumer, key) not in handled)
        handled.update({(consumer, key): at for key in new})
        return new
