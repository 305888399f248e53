"""The list of 20 incidents out of 100,000: the API's reader, and what SQLAlchemy's ORM takes for the same."""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter, process_time
from typing import Final

import uvloop
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload

from adapters.outbound.postgres.readers import PostgresIncidentReader
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from application.ports.readers import IncidentFilter, IncidentQuery
from entrypoints.migrate import sqlalchemy_url
from tests.bench.load import SERVICES
from tests.bench.orm import Incident
from tests.bench.report import TIMES, Figure, at_least, at_most
from tests.bench.world import POLICY, TEAM, World

INCIDENTS: Final = 100_000
LIMIT: Final = 20
TARGET: Final = 3.0

_INCIDENTS = """
INSERT INTO incidents (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version)
SELECT ('00000000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0000-7000-8000-' || lpad(to_hex(n % $3), 12, '0'))::uuid, $1, 'group ' || n, 'incident ' || n, 'SEV2',
  'high', CASE WHEN n % 50 = 0 THEN 'triggered' ELSE 'resolved' END, now() - n * interval '1 minute', 1
FROM generate_series(1, $2) n
"""
_RUNS = """
INSERT INTO escalation_runs (id, incident_id, policy_id, policy_version, status, round, step, started_at, version)
SELECT ('00000000-0001-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 1, 'stopped', 0, 0,
  now() - n * interval '1 minute', 1
FROM generate_series(1, $2) n
"""


def measure(world: World, *, rounds: int, seconds: float) -> list[Figure]:
    with world.database("lists") as dsn:
        return uvloop.run(_measure(dsn, rounds=rounds, seconds=seconds))


async def _measure(dsn: str, *, rounds: int, seconds: float) -> list[Figure]:
    pool = await create_pool(dsn, most=2)
    async with pool.acquire() as connection:
        await connection.execute(_INCIDENTS, TEAM, INCIDENTS, SERVICES, timeout=60)
        await connection.execute(_RUNS, POLICY, INCIDENTS, timeout=60)
        await connection.execute("ANALYZE incidents, escalation_runs")
    engine = create_async_engine(sqlalchemy_url(dsn))
    sessions = async_sessionmaker(engine)
    query = IncidentQuery(filter=IncidentFilter(), limit=LIMIT)

    async def ours() -> list[str]:
        page = await PostgresIncidentReader(PostgresSession(pool)).list(query)
        return [f"{each.title} {each.service_name} {each.escalation}" for each in page.items]

    async def theirs() -> list[str]:
        async with sessions() as session:
            found = await _by_orm(session)
        return [f"{each.title} {each.service.name} {each.runs[0].status}" for each in found]

    assert await ours() == await theirs(), "both must show the same list"
    ratios, ours_ms, theirs_ms, cpu = [], [], [], []
    for _ in range(rounds):
        mine, my_cpu = await _cost(ours, seconds)
        other, other_cpu = await _cost(theirs, seconds)
        ratios.append(other / mine)
        cpu.append(other_cpu / my_cpu)
        ours_ms.append(1000 * mine)
        theirs_ms.append(1000 * other)
    await engine.dispose()
    await close_pool(pool)
    name = f"list of {LIMIT} of {INCIDENTS:,} incidents"
    return [
        at_least(f"{name}, time by SQLAlchemy's ORM ÷ ours", TARGET, median(ratios), TIMES),
        at_least(f"{name}, CPU by SQLAlchemy's ORM ÷ ours", None, median(cpu), TIMES),
        at_most(f"{name}, ours", None, median(ours_ms), "ms"),
        at_most(f"{name}, SQLAlchemy's ORM", None, median(theirs_ms), "ms"),
    ]


async def _by_orm(session: AsyncSession) -> list[Incident]:
    statement = (
        select(Incident)
        .options(
            joinedload(Incident.service),
            joinedload(Incident.team),
            joinedload(Incident.acknowledger),
            joinedload(Incident.resolver),
            selectinload(Incident.runs),
        )
        .order_by(Incident.triggered_at.desc(), Incident.id.desc())
        .limit(LIMIT)
    )
    return list(await session.scalars(statement))


async def _cost(read: Callable[[], Awaitable[object]], seconds: float) -> tuple[float, float]:
    """The median time of one list, and this process's CPU time for it."""
    for _ in range(10):
        await read()
    taken = []
    begun_at, cpu_then = perf_counter(), process_time()
    while perf_counter() - begun_at < seconds:
        before = perf_counter()
        await read()
        taken.append(perf_counter() - before)
        await asyncio.sleep(0)
    return median(taken), (process_time() - cpu_then) / len(taken)
