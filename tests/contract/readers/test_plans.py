"""Lists walk an index in their order and stop: no scan and no sort of a table, whatever the filters."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from adapters.outbound.postgres.readers import arguments_of, incident_list, shape_of
from adapters.outbound.postgres.session import Connection, PostgresSession, create_pool
from application.ports.readers import IncidentFilter, IncidentQuery, TimeKey
from domain.incident.incident import IncidentStatus
from domain.shared.severity import Severity
from tests.support.stock import ADA, BANK, CHECKOUT, LEDGER, NOON, SHOP, SHOP_POLICY, over_postgres

pytestmark = pytest.mark.postgres

ROWS = 6_000
OPEN = ROWS // 50
ALIASES = ("incidents", "escalation_runs")
_FILL = """
INSERT INTO incidents (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at,
                       acknowledged_at, acknowledged_by, version)
SELECT ('00000000-0000-0000-0001-' || lpad(to_hex(n), 12, '0'))::uuid,
       CASE WHEN n % 2 = 0 THEN $1::uuid ELSE $2::uuid END, CASE WHEN n % 2 = 0 THEN $3::uuid ELSE $4::uuid END,
       n::text, 'title ' || n, 'SEV' || (n % 5 + 1), 'high', CASE WHEN n % 50 = 0 THEN 'triggered' ELSE 'resolved' END,
       $5::timestamptz - n * interval '1 minute', NULL, CASE WHEN n % 3 = 0 THEN $6::uuid END, 1
FROM generate_series(1, $7::int) AS n
"""
_FILL_RUNS = """
INSERT INTO escalation_runs
  (id, incident_id, policy_id, policy_version, status, round, step, next_deadline, started_at, version)
SELECT gen_random_uuid(), id, $1, 1, 'stopped', 0, 0, NULL, triggered_at, 1 FROM incidents
"""
_AFTER = TimeKey(NOON - timedelta(minutes=3_000), UUID(int=5))
_OPEN = frozenset({IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED})


_FILTERS = (
    IncidentFilter(),
    IncidentFilter(statuses=_OPEN),
    IncidentFilter(statuses=frozenset({IncidentStatus.TRIGGERED})),
    IncidentFilter(statuses=frozenset({IncidentStatus.RESOLVED})),
    IncidentFilter(severities=frozenset({Severity.SEV1, Severity.SEV2})),
    IncidentFilter(service_id=CHECKOUT),
    IncidentFilter(team_id=SHOP),
    IncidentFilter(team_id=SHOP, statuses=_OPEN),
    IncidentFilter(since=NOON - timedelta(days=4), until=NOON - timedelta(hours=1)),
    IncidentFilter(acknowledged_by=ADA),
    IncidentFilter(stalled_at=NOON),
)


async def test_every_list_walks_an_index_in_its_order(clean_database: str) -> None:
    async with await create_pool(clean_database, most=1) as pool:
        await over_postgres(PostgresSession(pool)).lay_in()
        async with pool.acquire() as connection:
            await connection.execute(_FILL, CHECKOUT, LEDGER, SHOP, BANK, NOON, ADA, ROWS)
            await connection.execute(_FILL_RUNS, SHOP_POLICY)
            for table in ("incidents", "escalation_runs", "services", "teams", "users"):
                await connection.execute(f"ANALYZE {table}")
            for wanted, after, oldest_first in product(_FILTERS, (None, _AFTER), (False, True)):
                query = IncidentQuery(filter=wanted, limit=20, after=after, oldest_first=oldest_first)
                for mode in ("force_custom_plan", "force_generic_plan"):  # a prepared statement gets both
                    async with connection.transaction():
                        await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
                        check(await plan_of(connection, query), (query, mode))


async def plan_of(connection: Connection, query: IncidentQuery) -> list[dict[str, Any]]:
    statement = incident_list(shape_of(query))
    explain = f"EXPLAIN (FORMAT JSON, ANALYZE) {statement.sql}"
    (plan,) = await connection.fetchval(explain, *statement.arguments(arguments_of(query)))
    return list(every_node(plan["Plan"]))


def every_node(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from every_node(inner)


def check(nodes: list[dict[str, Any]], case: object) -> None:
    watched = (*ALIASES, "any_run") if any(node.get("Alias") == "any_run" for node in nodes) else ALIASES
    for alias in watched:
        kinds = {node["Node Type"] for node in nodes if node.get("Alias") == alias}
        assert kinds, (alias, case)
        assert kinds <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}, (alias, kinds, case)
    sorts = [node for node in nodes if "Sort" in node["Node Type"]]
    sorted_rows = max((inner["Actual Rows"] for node in sorts for inner in node["Plans"]), default=0)
    assert sorted_rows <= OPEN, case  # the few that are open may be sorted, the history never
