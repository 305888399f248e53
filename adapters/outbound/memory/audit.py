from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.audit import AuditLog
from domain.audit.entry import AuditEntry


@dataclass(frozen=True, slots=True)
class MemoryAuditLog(AuditLog):
    session: MemorySession

    async def append(self, entry: AuditEntry) -> None:
        self.session.database.audit += (entry,)
