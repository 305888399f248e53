from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import heartbeats
from application.errors import NotFoundError
from application.ports.heartbeats import HeartbeatRepository
from application.ports.page import Page, PageRequest
from domain.heartbeat.heartbeat import Heartbeat, HeartbeatStatus
from domain.shared.ids import HeartbeatId, IntegrationId

_COLUMNS = tuple(field.name for field in fields(Heartbeat))
_QUERY = select(*(heartbeats.c[column] for column in _COLUMNS))
_GET = named.one_of(heartbeats, _QUERY, is_held=True)
_READ = named.one_of(heartbeats, _QUERY)
_BY_KEY = Statement(_QUERY.where(heartbeats.c.key_hash == bindparam("shown_hash", None)).with_for_update())
_INSERT = named.inserting(heartbeats, *_COLUMNS)
_UPDATE = named.updating(heartbeats, *(column for column in _COLUMNS if column != "id"))
_REMOVE = Statement(delete(heartbeats).where(heartbeats.c.id == bindparam("key", None)))
_CLAIM = """
SELECT * FROM heartbeats
WHERE next_deadline <= $1 ORDER BY next_deadline, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_TICK = """
UPDATE heartbeats h SET status = n.status, next_deadline = n.next_deadline, version = h.version + 1
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n (id, status, next_deadline) WHERE h.id = n.id
"""
_EARLIEST = "SELECT min(next_deadline) FROM heartbeats WHERE next_deadline IS NOT NULL"


@dataclass(frozen=True, slots=True)
class PostgresHeartbeatRepository(HeartbeatRepository):
    session: PostgresSession

    async def get(self, heartbeat_id: HeartbeatId) -> Heartbeat:
        return await self._one(_GET, heartbeat_id)

    async def look_up(self, heartbeat_id: HeartbeatId) -> Heartbeat:
        return await self._one(_READ, heartbeat_id)

    async def get_by_key(self, key_hash: bytes) -> Heartbeat | None:
        row = await self.session.row(_BY_KEY, shown_hash=key_hash)
        return None if row is None else _heartbeat_from(row)

    async def save(self, heartbeat: Heartbeat) -> Heartbeat:
        stored = replace(heartbeat, version=heartbeat.version + 1)
        await named.save(self.session, "heartbeat", _INSERT, _UPDATE, asdict(stored))
        return stored

    async def remove(self, heartbeat_id: HeartbeatId) -> None:
        await self.session.execute(_REMOVE, key=heartbeat_id)

    async def list(self, page: PageRequest, *, integration_id: IntegrationId | None = None) -> Page[Heartbeat]:
        rows, has_more = await named.page_rows(self.session, _QUERY, heartbeats, page, integration_id=integration_id)
        return Page(tuple(map(_heartbeat_from, rows)), has_more)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[Heartbeat, ...]:
        return tuple(_heartbeat_from(row) for row in await self.session.fetch(_CLAIM, at, limit))

    async def save_ticked(self, heartbeats: Sequence[Heartbeat]) -> None:
        if not heartbeats:
            return
        await self.session.connection.execute(
            _TICK,
            [each.id for each in heartbeats],
            [each.status for each in heartbeats],
            [each.next_deadline for each in heartbeats],
        )

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(_EARLIEST)
        return earliest

    async def _one(self, statement: Statement, heartbeat_id: HeartbeatId) -> Heartbeat:
        row = await self.session.row(statement, key=heartbeat_id)
        if row is None:
            raise NotFoundError("heartbeat", heartbeat_id)
        return _heartbeat_from(row)


def _heartbeat_from(row: Row) -> Heartbeat:
    return Heartbeat(**{**row, "status": HeartbeatStatus(row["status"])})
