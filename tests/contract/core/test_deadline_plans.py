"""Whoever looks for what is due reads what is due, in order, however much waits."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.outbound.postgres import escalations, incidents
from adapters.outbound.postgres.session import create_pool
from tests.support.builders import NOON

pytestmark = pytest.mark.postgres

WAITING = 20_000
DUE = 100
_FILL = """
INSERT INTO teams (id, name, version) VALUES ('00000000-0000-0000-0000-00000000000b', 'Crew', 1);
INSERT INTO policies (id, team_id, name, version) VALUES
  ('00000000-0000-0000-0000-00000000001f', '00000000-0000-0000-0000-00000000000b', 'P', 1);
INSERT INTO services (id, team_id, policy_id, name, description, urgency_rule, version) VALUES
  ('00000000-0000-0000-0000-000000000029', '00000000-0000-0000-0000-00000000000b',
   '00000000-0000-0000-0000-00000000001f', 'S', '', 'by_severity', 1);
"""
# The numbers are those of the rows: the first of them are due, a millisecond after the other.
_INCIDENTS = """
INSERT INTO incidents (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version,
  rises_at, next_deadline)
SELECT ('00000000-0000-0000-0001-' || lpad(to_hex(n), 12, '0'))::uuid, '00000000-0000-0000-0000-000000000029',
  '00000000-0000-0000-0000-00000000000b', n::text, 't', 'SEV4', 'low', 'triggered', $1::timestamptz, 1, due, due
FROM (SELECT n, $1::timestamptz + CASE WHEN n <= $2 THEN -n * interval '1 ms' ELSE n * interval '1 s' END AS due
  FROM generate_series(1, $3::int) n) numbered
"""
_RUNS = """
INSERT INTO escalation_runs (id, incident_id, policy_id, policy_version, status, round, step, next_deadline, started_at,
  version)
SELECT id, id, '00000000-0000-0000-0000-00000000001f', 1, 'running', 0, 0, next_deadline, triggered_at, 1 FROM incidents
"""
_LOOKS = {
    "escalation_runs": (escalations.CLAIM, escalations.EARLIEST),
    "incidents": (incidents.CLAIM, incidents.EARLIEST),
}


@pytest.fixture
async def connection(clean_database: str) -> Any:
    async with await create_pool(clean_database, most=1) as pool, pool.acquire() as held:
        await held.execute(_FILL)
        await held.execute(_INCIDENTS, NOON, DUE, WAITING)
        await held.execute(_RUNS)
        await held.execute("ANALYZE incidents, escalation_runs")
        yield held


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])  # a prepared statement gets both
@pytest.mark.parametrize("table", sorted(_LOOKS))
async def test_a_claim_reads_only_what_is_due_and_sorts_nothing(connection: Any, table: str, mode: str) -> None:
    claim, _ = _LOOKS[table]
    nodes = await _nodes_of(connection, claim, NOON, 10 * DUE, mode=mode)
    scans = [node for node in nodes if node.get("Relation Name") == table]
    assert {(scan["Node Type"], scan["Index Name"]) for scan in scans} == {("Index Scan", f"{table}_due_idx")}
    # Runs are looked at from both ends of what is due, which here is what one claim takes.
    assert [scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) for scan in scans] == [DUE] * len(scans)
    assert sum(scan["Actual Rows"] for scan in scans) == DUE
    assert "Sort" not in {node["Node Type"] for node in nodes}


@pytest.mark.parametrize("table", sorted(_LOOKS))
async def test_the_earliest_deadline_is_one_look_into_the_index(connection: Any, table: str) -> None:
    _, earliest = _LOOKS[table]
    nodes = await _nodes_of(connection, earliest, mode="force_generic_plan")
    (scan,) = [node for node in nodes if node.get("Relation Name") == table]
    assert (scan["Index Name"], scan["Actual Rows"]) == (f"{table}_due_idx", 1)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_the_incidents_of_claimed_runs_are_found_by_their_keys(connection: Any, mode: str) -> None:
    claimed = await connection.fetch(escalations.CLAIM, NOON, DUE)
    nodes = await _nodes_of(connection, escalations.OF_INCIDENTS, [row["incident_id"] for row in claimed], mode=mode)
    (scan,) = [node for node in nodes if node.get("Relation Name") == "incidents"]
    assert "Seq Scan" not in scan["Node Type"]
    assert scan["Actual Rows"] * scan["Actual Loops"] == DUE


async def _nodes_of(connection: Any, sql: str, *arguments: object, mode: str) -> list[dict[str, Any]]:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
        (plan,) = await connection.fetchval(f"EXPLAIN (FORMAT JSON, ANALYZE) {sql}", *arguments)
    return list(_every_node(plan["Plan"]))


def _every_node(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _every_node(inner)
