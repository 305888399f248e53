"""What a repeat of an open alert costs among few stored events, and among many."""

import contextlib
import os
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Final

import asyncpg
import uvloop
from dishka import AsyncContainer

from adapters.inbound.intake.targets import hash_of
from application.alert.ingest import IngestEvents, ReceivedEvent
from application.ports.ids import IdFactory
from application.ports.intake import IntakeStore, IntakeTarget, RawEvent
from domain.alert.alert_event import AlertAction, AlertEvent
from entrypoints.container import production_container
from entrypoints.settings import Settings
from tests.bench.load import SERVICES, routing_key
from tests.bench.report import TIMES, Figure, at_most
from tests.bench.world import SECRET_KEY, World

FEW: Final = 10_000
# Ten million take some minutes and 10 GB: `BENCH_STORED=10000000 make bench ARGS="--only growth"`.
MANY: Final = int(os.environ.get("BENCH_STORED", "1000000"))
BATCH: Final = 100
BATCHES: Final = 100
TARGET: Final = 1.5
CHUNK: Final = 500_000  # rows of one statement

# All of them fire, which is the most that the index of firing alerts can hold.
_ALERTS: Final = """
INSERT INTO alerts (id, integration_id, service_id, incident_id, dedup_key, group_key, status, summary, source,
  severity, first_seen_at, last_seen_at, occurrences, labels, details, links)
SELECT ('00000000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0000-7000-9000-' || lpad(to_hex(n % $3), 12, '0'))::uuid,
  ('00000000-0000-7000-8000-' || lpad(to_hex(n % $3), 12, '0'))::uuid,
  ('00000000-0001-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
  'key ' || n, 'key ' || n, 'firing', 'disk ' || n, 'db', 'critical', now(), now(), 1, '{}', '{}', '[]'
FROM generate_series($1::bigint, $2::bigint) n
"""
_RAW: Final = """
INSERT INTO raw_events (id, integration_id, received_at, format, body)
SELECT ('00000000-0001-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0000-7000-9000-' || lpad(to_hex(n % $3), 12, '0'))::uuid, now(), 'pagerduty', repeat('x', 200)::bytea
FROM generate_series($1::bigint, $2::bigint) n
"""


def measure(world: World, *, rounds: int, quick: bool) -> list[Figure]:
    many = 100_000 if quick else MANY
    with contextlib.ExitStack() as stack:
        few_dsn = stack.enter_context(world.database("growth-few"))
        many_dsn = stack.enter_context(world.database("growth-many"))
        few, much = uvloop.run(_measure(few_dsn, many_dsn, many=many, rounds=rounds))
    ratio = median(large / small for small, large in zip(few, much, strict=True))
    return [
        at_most(f"a repeat among {many:,} stored events ÷ among {FEW:,}", TARGET, ratio, TIMES),
        at_most(f"a repeat among {many:,} stored events, {BATCH} in a batch", None, 1e6 * median(much), "µs"),
    ]


async def _measure(few_dsn: str, many_dsn: str, *, many: int, rounds: int) -> tuple[list[float], list[float]]:
    containers = []
    for dsn, stored in ((few_dsn, FEW), (many_dsn, many)):
        await _fill(dsn, stored)
        containers.append((production_container(Settings(database_url=dsn, secret_key=SECRET_KEY)), stored))
    taken: tuple[list[float], list[float]] = ([], [])
    try:
        for number in range(rounds + 1):
            for place, (container, stored) in enumerate(containers):
                seconds = await _repeats(container, stored)
                if number:  # the first round makes connections and plans, and fills the cache
                    taken[place].append(seconds)
    finally:
        for container, _ in containers:
            await container.close()
    return taken


async def _fill(dsn: str, stored: int) -> None:
    connection = await asyncpg.connect(dsn)
    for first in range(1, stored + 1, CHUNK):
        last = min(stored, first + CHUNK - 1)
        for statement in (_ALERTS, _RAW):
            await connection.execute(statement, first, last, SERVICES, timeout=600)
    await connection.execute("VACUUM ANALYZE alerts", timeout=600)
    await connection.close()


async def _repeats(container: AsyncContainer, stored: int) -> float:
    """The median time of an event of a batch, each a repeat of another open alert, spread over all of them."""
    ids: IdFactory = await container.get(IdFactory)
    async with container() as request:
        intake: IntakeStore = await request.get(IntakeStore)
        targets = [await _target(intake, number) for number in range(SERVICES)]
    taken = []
    for batch in range(BATCHES):
        numbers = [1 + (batch * BATCH + place) * 7919 % stored for place in range(BATCH)]
        received = [_received(targets[number % SERVICES], ids, number) for number in numbers]
        async with container() as request:
            ingest: IngestEvents = await request.get(IngestEvents)
            before = perf_counter()
            await ingest(received)
            taken.append((perf_counter() - before) / BATCH)
    return median(taken)


async def _target(intake: IntakeStore, service: int) -> IntakeTarget:
    now = datetime.now(UTC)  # noqa: TID251  # no rule depends on it
    found = await intake.target_of(hash_of(routing_key(service)), at=now)
    assert found is not None
    return found


def _received(target: IntakeTarget, ids: IdFactory, number: int) -> ReceivedEvent:
    event = AlertEvent(action=AlertAction.TRIGGER, dedup_key=f"key {number}", summary="again")
    raw = RawEvent(
        id=ids.new(),
        integration_id=target.integration.id,
        received_at=datetime.now(UTC),  # noqa: TID251  # as above
        format="pagerduty",
        body=b"x" * 1_000,
    )
    return ReceivedEvent(target, event, raw)
