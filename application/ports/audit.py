from abc import abstractmethod
from typing import Protocol

from domain.audit.entry import AuditEntry


class AuditLog(Protocol):
    @abstractmethod
    async def append(self, entry: AuditEntry) -> None:
        """Inside the current transaction: no write without its entry, no entry without its write."""
