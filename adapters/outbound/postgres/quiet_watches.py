from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.quiet_watches import DueWatch, QuietWatchRepository
from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId

_LOOK_UP: Final = "SELECT * FROM quiet_watches WHERE integration_id = $1"
_SAVE: Final = """
INSERT INTO quiet_watches (integration_id, after_seconds, since, next_deadline, is_quiet) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (integration_id) DO UPDATE SET after_seconds = excluded.after_seconds, since = excluded.since,
  next_deadline = excluded.next_deadline, is_quiet = excluded.is_quiet
"""
# What was heard is one look into the end of an index for each of the few that are due.
_CLAIM: Final = """
WITH due AS MATERIALIZED (
  SELECT * FROM quiet_watches WHERE next_deadline <= $1 ORDER BY next_deadline, integration_id LIMIT $2
  FOR UPDATE SKIP LOCKED
)
SELECT due.*, greatest(
  (SELECT received_at FROM raw_events r WHERE r.integration_id = due.integration_id
  ORDER BY received_at DESC, id DESC LIMIT 1),
  (SELECT received_at FROM dead_letters d WHERE d.integration_id = due.integration_id
  ORDER BY received_at DESC, id DESC LIMIT 1)
) AS heard_at FROM due ORDER BY next_deadline, integration_id
"""


@dataclass(frozen=True, slots=True)
class PostgresQuietWatchRepository(QuietWatchRepository):
    session: PostgresSession

    async def get(self, integration_id: IntegrationId) -> QuietWatch | None:
        rows = await self.session.fetch(_LOOK_UP + " FOR UPDATE", integration_id)
        return _watch_of(rows[0]) if rows else None

    async def look_up(self, integration_id: IntegrationId) -> QuietWatch | None:
        rows = await self.session.fetch(_LOOK_UP, integration_id)
        return _watch_of(rows[0]) if rows else None

    async def save(self, watch: QuietWatch) -> None:
        seconds = int(watch.after.total_seconds())
        await self.session.connection.execute(
            _SAVE, watch.integration_id, seconds, watch.since, watch.next_deadline, watch.is_quiet
        )

    async def remove(self, integration_id: IntegrationId) -> None:
        await self.session.connection.execute("DELETE FROM quiet_watches WHERE integration_id = $1", integration_id)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueWatch, ...]:
        rows = await self.session.fetch(_CLAIM, at, limit)
        return tuple(DueWatch(_watch_of(row), row["heard_at"]) for row in rows)

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval("SELECT min(next_deadline) FROM quiet_watches")
        return earliest


def _watch_of(row: Row) -> QuietWatch:
    return QuietWatch(
        integration_id=IntegrationId(row["integration_id"]),
        after=timedelta(seconds=row["after_seconds"]),
        since=row["since"],
        next_deadline=row["next_deadline"],
        is_quiet=row["is_quiet"],
    )
