"""What it costs to find the deadlines that are due, as those that are not due yet grow."""

from datetime import datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Final

import uvloop

from adapters.outbound.postgres.escalations import PostgresRunRepository
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from tests.bench.report import TIMES, Figure, at_most
from tests.bench.world import POLICY, World

DUE: Final = 1_000
FEW: Final = 10_000
CLAIMS: Final = 15

_INCIDENTS = """
INSERT INTO incidents (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version)
SELECT s.id, s.id, s.team_id, '', s.name, 'SEV2', 'high', 'triggered', now(), 1 FROM services s
"""
# A thousand incidents are enough: a claim looks up that of each run, however many runs it has.
_RUNS = """
INSERT INTO escalation_runs (id, incident_id, policy_id, policy_version, status, round, step, next_deadline, started_at,
  version)
SELECT ('00000000-0001-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0000-7000-8000-' || lpad(to_hex(n % 1000), 12, '0'))::uuid, $1, 1, 'running', 0, 0,
  now() + CASE WHEN n <= $2 THEN -n * interval '1 ms' ELSE n * interval '1 second' END, now(), 1
FROM generate_series($3::int, $4::int) n
"""


def measure(world: World, *, many: int) -> list[Figure]:
    with world.database("claims") as dsn:
        return uvloop.run(_measure(dsn, many))


async def _measure(dsn: str, many: int) -> list[Figure]:
    pool = await create_pool(dsn, most=1)
    taken: list[float] = []
    made = 0
    for pending in (FEW, many):
        async with pool.acquire() as connection, connection.transaction():
            # One statement of this size is no part of the product: its limits are for those that are.
            await connection.execute("SET LOCAL statement_timeout = '5min'")
            if not made:
                await connection.execute(_INCIDENTS)
            await connection.execute(_RUNS, POLICY, DUE, made + 1, pending, timeout=300)
        async with pool.acquire() as connection:
            await connection.execute("VACUUM ANALYZE escalation_runs, incidents", timeout=120)
            now = await connection.fetchval("SELECT now()")
        made = pending
        taken.append(
            median([await _claim(PostgresSession(pool), now + timedelta(milliseconds=1)) for _ in range(CLAIMS)])
        )
    await close_pool(pool)
    few, much = (1000 * seconds for seconds in taken)
    return [
        at_most(f"claim of {DUE:,} due runs: among {many:,} pending ÷ among {FEW:,}", None, much / few, TIMES),
        at_most(f"claim of {DUE:,} due runs among {many:,} pending", None, much, "ms"),
    ]


class _UndoneError(Exception):
    """Leaves the runs as due as they were."""


async def _claim(session: PostgresSession, at: datetime) -> float:
    before = perf_counter()
    try:
        async with session:
            due = await PostgresRunRepository(session).claim_due(at=at, limit=DUE)
            assert len(due) == DUE
            raise _UndoneError
    except _UndoneError:
        return perf_counter() - before
