from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, delete, select, update

from adapters.outbound.postgres.named import inserting, parameter, telling_conflicts
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import calendar_imports
from application.errors import ConflictError, NotFoundError
from application.ports.calendar_imports import CalendarImportRepository
from domain.oncall.calendar_import import CalendarImport
from domain.shared.ids import ScheduleId, TemporaryScheduleId, UserId

_IS_IT = calendar_imports.c.schedule_id == bindparam("key", None)
_LOOK_UP = Statement(select(calendar_imports).where(_IS_IT))
_GET = Statement(select(calendar_imports).where(_IS_IT).with_for_update())
_COLUMNS = tuple(calendar_imports.c.keys())
_INSERT = inserting(calendar_imports, *_COLUMNS)
_UPDATE = Statement(
    update(calendar_imports)
    .where(_IS_IT, calendar_imports.c.version == bindparam("as_read", None))
    .values({column: parameter(calendar_imports, column) for column in _COLUMNS if column != "schedule_id"})
)
_REMOVE = Statement(delete(calendar_imports).where(_IS_IT))
_CLAIM = """
UPDATE calendar_imports c SET next_refresh_at = $1::timestamptz + make_interval(secs => c.refresh_seconds)
FROM (
    SELECT schedule_id, next_refresh_at AS was_due_at FROM calendar_imports
    WHERE next_refresh_at <= $1 ORDER BY next_refresh_at, schedule_id LIMIT $2 FOR UPDATE SKIP LOCKED
) due
WHERE c.schedule_id = due.schedule_id RETURNING c.*, due.was_due_at
"""
_FAILING = """
SELECT * FROM calendar_imports WHERE failing_since IS NOT NULL ORDER BY failing_since, schedule_id LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class PostgresCalendarImportRepository(CalendarImportRepository):
    session: PostgresSession

    async def get(self, schedule_id: ScheduleId) -> CalendarImport:
        return await self._one(_GET, schedule_id)

    async def look_up(self, schedule_id: ScheduleId) -> CalendarImport:
        return await self._one(_LOOK_UP, schedule_id)

    async def save(self, calendar: CalendarImport) -> CalendarImport:
        stored = replace(calendar, version=calendar.version + 1)
        values = _row_of(stored)
        if stored.version == 1:
            with telling_conflicts("calendar import", {"id": stored.schedule_id}):
                await self.session.execute(_INSERT, **values)
            return stored
        key = values.pop("schedule_id")
        if await self.session.execute(_UPDATE, **values, key=key, as_read=calendar.version) == 0:
            raise ConflictError("calendar import", stored.schedule_id)
        return stored

    async def remove(self, schedule_id: ScheduleId) -> None:
        if await self.session.execute(_REMOVE, key=schedule_id) == 0:
            raise NotFoundError("calendar import", schedule_id)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[CalendarImport, ...]:
        rows = await self.session.fetch(_CLAIM, at, limit)
        by_due = sorted(rows, key=lambda row: (row["was_due_at"], row["schedule_id"]))
        return tuple(map(_import_from_row, by_due))

    async def failing(self, *, limit: int) -> tuple[CalendarImport, ...]:
        return tuple(map(_import_from_row, await self.session.fetch(_FAILING, limit)))

    async def _one(self, statement: Statement, schedule_id: ScheduleId) -> CalendarImport:
        row = await self.session.row(statement, key=schedule_id)
        if row is None:
            raise NotFoundError("calendar import", schedule_id)
        return _import_from_row(row)


def _row_of(calendar: CalendarImport) -> dict[str, object]:
    return {
        "schedule_id": calendar.schedule_id,
        "url": calendar.url,
        "refresh_seconds": calendar.refresh_every // timedelta(seconds=1),
        "created_by": calendar.created_by,
        "created_at": calendar.created_at,
        "next_refresh_at": calendar.next_refresh_at,
        "etag": calendar.etag,
        "read_at": calendar.read_at,
        "failing_since": calendar.failing_since,
        "failure": calendar.failure,
        "unread": msgspec.json.encode(calendar.unread),
        "unread_count": calendar.unread_count,
        "temporary_id": calendar.temporary_id,
        "as_layer": calendar.as_layer,
        "version": calendar.version,
    }


def _import_from_row(row: Row) -> CalendarImport:
    return CalendarImport(
        schedule_id=ScheduleId(row["schedule_id"]),
        url=row["url"],
        refresh_every=timedelta(seconds=row["refresh_seconds"]),
        created_by=UserId(row["created_by"]),
        created_at=row["created_at"],
        next_refresh_at=row["next_refresh_at"],
        etag=row["etag"],
        read_at=row["read_at"],
        failing_since=row["failing_since"],
        as_layer=row["as_layer"],
        failure=row["failure"],
        unread=tuple(row["unread"]),
        unread_count=row["unread_count"],
        temporary_id=None if row["temporary_id"] is None else TemporaryScheduleId(row["temporary_id"]),
        version=row["version"],
    )
