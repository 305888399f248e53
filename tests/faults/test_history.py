"""The history checker finds what it is there to find: each of these stories has been tampered with once."""

# ruff: noqa: S608 - the statements are put together from constants

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.faults.ground import Ground, ground
from tests.faults.history import read

pytestmark = pytest.mark.process

ANSWERED = "(SELECT id FROM incidents WHERE group_key = 'answered')"
OPEN = "(SELECT id FROM incidents WHERE group_key = 'open')"
TAMPERED = (
    ("P8", "UPDATE incidents SET title = 'nothing happened' WHERE group_key = 'open'"),
    ("I6", "DELETE FROM domain_events WHERE kind = 'escalation.exhausted'"),
    (
        "I6",
        f"""
        UPDATE domain_events SET body = jsonb_set(body, '{{step}}', '1')
        WHERE kind = 'escalation.step_reached' AND incident_id = {ANSWERED}
        """,
    ),
    ("P2", f"DELETE FROM escalation_runs WHERE incident_id = {OPEN}"),
    (
        "I4",
        f"""
        UPDATE delivery_attempts
        SET started_at = started_at + interval '3 s', finished_at = finished_at + interval '3 s'
        WHERE incident_id = {ANSWERED}
        """,
    ),
    (
        "I5",
        f"""
        INSERT INTO delivery_attempts SELECT notification_id, 2, incident_id, started_at, finished_at, outcome, detail
        FROM delivery_attempts WHERE incident_id = {OPEN}
        """,
    ),
    (
        "I2",
        """
        WITH gone AS (UPDATE incidents SET status = 'resolved', resolved_at = 'infinity' RETURNING *)
        INSERT INTO incidents
          (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version)
        SELECT gen_random_uuid(), service_id, team_id, group_key, title, severity, urgency, 'resolved', triggered_at, 1
        FROM gone
        """,
    ),
)


@pytest.fixture
async def told(fresh_database: str, engine_directory: Path) -> AsyncIterator[Ground]:
    """Two incidents, of which one was acknowledged after its page."""
    async with ground(fresh_database, engine_directory, seed=1, steps=2) as place:
        server = await place.start("http").ready()
        await place.start("worker").ready()
        await place.trigger(server, ["answered", "open"])
        await place.until("SELECT count(*) >= 2 FROM domain_events WHERE kind = 'notification.sent'")
        number = await place.ask("SELECT 'INC-' || number FROM incidents WHERE group_key = 'answered'")
        assert await place.acknowledge(server, number) == 200
        await place.until_quiet()
        yield place


async def test_it_finds_every_kind_of_violation_and_none_in_an_honest_story(told: Ground) -> None:
    assert (await read(told.dsn, accepted={"answered", "open"}, received=told.received())).violations == []

    page = await told.ask("SELECT id FROM notifications WHERE channel = 'email' LIMIT 1")
    lost = await read(told.dsn, accepted={"answered", "swallowed"})
    assert [violation[:3] for violation in lost.violations] == ["I1:"]
    twice = await read(told.dsn, received={page: [False, False], UUID(int=1): [False]})
    assert [violation[:3] for violation in twice.violations] == ["I5:", "I5:"]
    assert (await read(told.dsn, received={page: [False, True]})).violations == []

    for invariant, tampering in TAMPERED:
        before = (await read(told.dsn)).violations
        await told.tell(tampering)
        found = (await read(told.dsn)).violations
        assert invariant in {violation[:2] for violation in set(found) - set(before)}, tampering
