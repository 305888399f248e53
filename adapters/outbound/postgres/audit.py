from dataclasses import dataclass

from sqlalchemy import insert

from adapters.outbound.postgres.session import PostgresSession
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import audit_entries
from application.ports.audit import AuditLog
from domain.audit.entry import AuditEntry

_COLUMNS = tuple(column.name for column in audit_entries.c)
_APPEND = Statement(insert(audit_entries))


@dataclass(frozen=True, slots=True)
class PostgresAuditLog(AuditLog):
    session: PostgresSession

    async def append(self, entry: AuditEntry) -> None:
        await self.session.execute(_APPEND, **{name: getattr(entry, name) for name in _COLUMNS})
