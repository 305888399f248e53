"""What answers about on call look up costs what it finds: no scan of a table that grows."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.outbound.postgres.on_call_reader import PAGES, SCHEDULES_OF
from adapters.outbound.postgres.session import create_pool
from tests.support.builders import ADA, NOON

pytestmark = pytest.mark.postgres

_FILL = """
INSERT INTO users (id, email, name, role, time_zone, is_active, version)
SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@example.test', n::text, 'responder',
  'UTC', true, 1 FROM generate_series(1, 100) AS n;
INSERT INTO teams (id, name, version) VALUES ('00000000-0000-0000-0000-00000000000b', 'Crew', 1);
INSERT INTO schedules (id, team_id, name, time_zone, layers, version)
SELECT gen_random_uuid(), '00000000-0000-0000-0000-00000000000b', n::text, 'UTC', jsonb_build_array(jsonb_build_object(
  'rotation', jsonb_build_object('participants', jsonb_build_array(jsonb_build_array(
    ('00000000-0000-0000-0000-' || lpad(to_hex(1 + n % 100), 12, '0'))))))), 1 FROM generate_series(1, 3000) AS n;
INSERT INTO schedule_overrides (id, schedule_id, user_id, starts_at, ends_at)
SELECT gen_random_uuid(), s.id, ('00000000-0000-0000-0000-' || lpad(to_hex(1 + n % 100), 12, '0'))::uuid,
  '2026-01-01'::timestamptz + n * interval '1 day', '2026-01-02'::timestamptz + n * interval '1 day'
FROM (SELECT id FROM schedules LIMIT 50) s, generate_series(1, 200) AS n;
INSERT INTO schedule_versions (schedule_id, version, effective_at, known_at, body)
SELECT id, 1, '2020-01-01'::timestamptz, '2020-01-01'::timestamptz,
  jsonb_build_object('time_zone', time_zone, 'layers', layers) FROM schedules;
INSERT INTO schedule_versions (schedule_id, version, effective_at, known_at, body)
SELECT id, 2 + n, '2026-01-01'::timestamptz + n * interval '1 day', '2026-01-01'::timestamptz,
  jsonb_build_object('time_zone', time_zone, 'layers', layers)
FROM (SELECT * FROM schedules LIMIT 20) s, generate_series(1, 400) AS n;
INSERT INTO schedule_temporaries (id, schedule_id, starts_at, ends_at, shifts, known_from)
SELECT gen_random_uuid(), s.id, '2026-01-01'::timestamptz + n * interval '1 day',
  '2026-01-02'::timestamptz + n * interval '1 day', jsonb_build_array(jsonb_build_object('user_id',
    ('00000000-0000-0000-0000-' || lpad(to_hex(1 + n % 100), 12, '0')))), '2026-01-01'
FROM (SELECT id FROM schedules LIMIT 50) s, generate_series(1, 200) AS n;
INSERT INTO policies (id, team_id, name, version) VALUES
  ('00000000-0000-0000-0000-00000000001f', '00000000-0000-0000-0000-00000000000b', 'P', 1);
INSERT INTO services (id, team_id, policy_id, name, description, urgency_rule, version) VALUES
  ('00000000-0000-0000-0000-000000000029', '00000000-0000-0000-0000-00000000000b',
   '00000000-0000-0000-0000-00000000001f', 'S', '', 'by_severity', 1);
INSERT INTO incidents (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version)
VALUES ('00000000-0000-0000-0000-000000002711', '00000000-0000-0000-0000-000000000029',
  '00000000-0000-0000-0000-00000000000b', 'g', 't', 'SEV1', 'high', 'triggered', '2026-11-23', 1);
INSERT INTO notifications (id, incident_id, round, step, user_id, rule_position, purpose, channel, address, status,
  created_at, attempts, may_be_repeat, was_overtaken, receipt)
SELECT ('00000000-0000-0000-0001-' || lpad(to_hex(n), 12, '0'))::uuid, '00000000-0000-0000-0000-000000002711', 0, 0,
  ('00000000-0000-0000-0000-' || lpad(to_hex(1 + n % 100), 12, '0'))::uuid, 0, 'page', 'email', 'x', 'sent',
  '2026-11-23 12:00+00'::timestamptz - n * interval '5 minutes', 1, false, false, '{}'
FROM generate_series(1, 20000) AS n;
INSERT INTO delivery_attempts (notification_id, number, incident_id, started_at, finished_at, outcome, detail)
SELECT id, 1, incident_id, created_at, created_at, 'delivered', '' FROM notifications;
ANALYZE;
"""
_TABLES = {"schedules", "schedule_overrides", "notifications"}


async def plan_of(dsn: str, sql: str, *arguments: object) -> list[tuple[str, str]]:
    """Each table that the plan reads, with how."""
    async with await create_pool(dsn, most=1) as pool, pool.acquire() as connection:
        await connection.execute(_FILL)
        (plan,) = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
    return [(node["Relation Name"], node["Node Type"]) for node in _nodes(plan["Plan"]) if "Relation Name" in node]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


async def test_the_schedules_of_a_person_are_found_by_index(clean_database: str) -> None:
    plan = await plan_of(clean_database, SCHEDULES_OF, ADA, NOON - timedelta(days=10), 50)
    assert {table for table, _ in plan} == {
        "schedules",
        "schedule_overrides",
        "schedule_temporaries",
        "schedule_versions",
    }
    assert "Seq Scan" not in {kind for _, kind in plan}


async def test_the_pages_of_an_interval_are_found_by_who_got_them(clean_database: str) -> None:
    week = (NOON - timedelta(days=7), NOON)
    plan = await plan_of(clean_database, PAGES, [ADA, UUID(int=2)], *week, timedelta(days=8), 1000)
    assert [kind for table, kind in plan if table == "notifications"] in (["Index Scan"], ["Bitmap Heap Scan"])
    assert "Seq Scan" not in {kind for table, kind in plan if table in _TABLES}
