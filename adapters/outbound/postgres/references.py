from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Table, bindparam, func, literal, literal_column, not_, select, union_all
from sqlalchemy.dialects.postgresql import UUID as UUID_COLUMN
from sqlalchemy.sql import Select

from adapters.outbound.postgres.session import PostgresSession
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import destinations, policies, schedules, teams, users
from application.ports.references import Reference, ReferenceKind, References

_TABLES = {
    ReferenceKind.USER: users,
    ReferenceKind.TEAM: teams,
    ReferenceKind.POLICY: policies,
    ReferenceKind.SCHEDULE: schedules,
    ReferenceKind.CHANNEL: destinations,
    ReferenceKind.WEBHOOK: destinations,
}


def _there(kind: ReferenceKind, table: Table) -> Select[tuple[str, object]]:
    ids = bindparam(f"{kind}_ids", None, type_=ARRAY(UUID_COLUMN(as_uuid=True)))
    found = select(literal(kind.value).label("kind"), table.c.id).where(table.c.id == func.any(ids))
    if table is destinations:
        is_server = destinations.c.kind == literal_column("'webhook'")
        return found.where(is_server if kind is ReferenceKind.WEBHOOK else not_(is_server))
    return found.where(users.c.is_active) if table is users else found


_THERE = Statement(union_all(*(_there(kind, table) for kind, table in _TABLES.items())))


@dataclass(frozen=True, slots=True)
class PostgresReferences(References):
    session: PostgresSession

    async def missing(self, references: Collection[Reference]) -> frozenset[Reference]:
        ids: defaultdict[ReferenceKind, list[UUID]] = defaultdict(list)
        for reference in references:
            ids[reference.kind].append(reference.id)
        rows = await self.session.rows(_THERE, **{f"{kind}_ids": ids[kind] for kind in _TABLES})
        return frozenset(references) - {Reference(ReferenceKind(row["kind"]), row["id"]) for row in rows}
