from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from adapters.outbound.postgres import named
from adapters.outbound.postgres.rulebook import revise
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.tables import maintenance_windows
from application.errors import NotFoundError
from application.ports.ending import EndingQuery, EndKey
from application.ports.maintenance import MaintenanceRepository
from application.ports.page import Page
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.matcher import matchers_text, parse_matchers
from domain.routing.recurrence import parse_recurrence
from domain.shared.ids import MaintenanceId, ServiceId, TeamId

_PLAIN: Final = (
    "id",
    "team_id",
    "name",
    "time_zone",
    "starts_at",
    "burns_error_budget",
    "ended_at",
    "over_at",
    "version",
)
_COLUMNS: Final = (*_PLAIN, "duration_seconds", "recurrence", "service_ids", "matchers")
_HOLD = named.one_of(maintenance_windows, is_held=True)
_READ = named.one_of(maintenance_windows)
_INSERT = named.inserting(maintenance_windows, *_COLUMNS)
_UPDATE = named.updating(maintenance_windows, *(column for column in _COLUMNS if column != "id"))
_COUNT = "SELECT count(*) FROM maintenance_windows WHERE over_at > $1"
_LAST_ID: Final = UUID(int=2**128 - 1)  # after everything that is over at one instant
_LIST = "SELECT * FROM maintenance_windows WHERE (over_at, id) > ($1, $2) ORDER BY over_at, id LIMIT $3"
_LIST_OF_TEAM = """
SELECT * FROM maintenance_windows WHERE (over_at, id) > ($1, $2) AND team_id = $4 ORDER BY over_at, id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class PostgresMaintenanceRepository(MaintenanceRepository):
    session: PostgresSession

    async def get(self, maintenance_id: MaintenanceId) -> MaintenanceWindow:
        row = await self.session.row(_HOLD, key=maintenance_id)
        if row is None:
            raise NotFoundError("maintenance", maintenance_id)
        return window_of(row)

    async def look_up(self, maintenance_id: MaintenanceId) -> MaintenanceWindow:
        row = await self.session.row(_READ, key=maintenance_id)
        if row is None:
            raise NotFoundError("maintenance", maintenance_id)
        return window_of(row)

    async def save(self, window: MaintenanceWindow) -> MaintenanceWindow:
        stored = replace(window, version=window.version + 1)
        row: dict[str, object] = {
            **{name: getattr(stored, name) for name in _PLAIN},
            "starts_at": stored.starts_at.isoformat(),
            "duration_seconds": round(stored.duration.total_seconds()),
            "recurrence": None if stored.recurrence is None else str(stored.recurrence),
            "service_ids": list(stored.service_ids),
            "matchers": matchers_text(stored.matchers),
        }
        await named.save(self.session, "maintenance", _INSERT, _UPDATE, row)
        await revise(self.session)
        return stored

    async def count(self, *, at: datetime) -> int:
        async with self.session.any_connection() as connection:
            return int(await connection.fetchval(_COUNT, at))

    async def list(self, query: EndingQuery) -> Page[MaintenanceWindow]:
        start = EndKey(query.since, _LAST_ID)
        over_at, maintenance_id = start if query.after is None else max(query.after, start)
        of_team = () if query.team_id is None else (query.team_id,)
        statement = _LIST_OF_TEAM if of_team else _LIST
        rows = await self.session.fetch(statement, over_at, maintenance_id, query.limit + 1, *of_team)
        return Page(tuple(window_of(row) for row in rows[: query.limit]), len(rows) > query.limit)


def window_of(row: Row) -> MaintenanceWindow:
    return MaintenanceWindow(
        id=MaintenanceId(row["id"]),
        team_id=TeamId(row["team_id"]),
        name=row["name"],
        time_zone=row["time_zone"],
        starts_at=datetime.fromisoformat(row["starts_at"]),
        duration=timedelta(seconds=row["duration_seconds"]),
        burns_error_budget=row["burns_error_budget"],
        recurrence=None if row["recurrence"] is None else parse_recurrence(row["recurrence"]),
        service_ids=tuple(ServiceId(each) for each in row["service_ids"]),
        matchers=parse_matchers(row["matchers"]),
        ended_at=row["ended_at"],
        version=row["version"],
    )
