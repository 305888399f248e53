"""Partitions made and dropped under the eyes of intake, which must notice nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from adapters.outbound.postgres import partitions
from adapters.outbound.postgres.partitions import Dropped, Partition, PartitionUpkeep, wanted
from adapters.outbound.postgres.tables import PARTITIONED_BY

pytestmark = pytest.mark.postgres

NOW = datetime(2031, 5, 20, 12, tzinfo=UTC)  # no month of the migration's
KEPT = {"raw_events": timedelta(days=30)}
OLD = Partition("raw_events", date(2031, 2, 1), date(2031, 3, 1))
INSERT = "INSERT INTO raw_events (id, integration_id, received_at, format, body) VALUES ($1, $1, $2, 'native', '')"


class Ground:
    def __init__(self, dsn: str, stack: contextlib.AsyncExitStack) -> None:
        self._dsn = dsn
        self._stack = stack

    async def connection(self, *, lock_timeout: str = "5s") -> Any:
        connection = await asyncpg.connect(self._dsn, server_settings={"lock_timeout": lock_timeout})
        self._stack.push_async_callback(connection.close)
        return connection


@pytest.fixture
async def ground(fresh_database: str) -> AsyncIterator[Ground]:
    async with contextlib.AsyncExitStack() as stack:
        yield Ground(fresh_database, stack)


async def partitions_of(connection: Any, parent: str = "raw_events") -> set[str]:
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass", parent
    )
    return {row["name"] for row in rows}


async def put(connection: Any, number: int, at: datetime) -> None:
    await connection.execute(INSERT, UUID(int=number), at)


async def test_months_are_made_ahead_for_every_partitioned_table_and_take_rows(ground: Ground) -> None:
    connection = await ground.connection()
    upkeep = PartitionUpkeep(connection, {})
    made = await upkeep.make(at=NOW)

    assert set(made) == {partition.name for partition in wanted(NOW)}
    assert await upkeep.make(at=NOW) == []
    for parent in PARTITIONED_BY:
        assert {f"{parent}_p203105", f"{parent}_p203107"} <= await partitions_of(connection, parent)
    await put(connection, 1, NOW)
    assert await connection.fetchval("SELECT count(*) FROM raw_events_p203105") == 1
    append = "INSERT INTO domain_events (kind, at, body) VALUES ('k', $1, '{}') RETURNING sequence"
    first, second = [await connection.fetchval(append, NOW) for _ in range(2)]
    assert second > first  # the sequence is the table's, as in every other month
    assert await connection.fetchval("SELECT count(*) FROM domain_events_p203105") == 2
    indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"
    (migrated,) = {
        await connection.fetchval(indexes, name) for name in await partitions_of(connection, "domain_events")
    }
    assert migrated >= 3


async def test_a_month_is_dropped_once_all_that_it_can_hold_is_too_old(ground: Ground) -> None:
    connection = await ground.connection()
    upkeep = PartitionUpkeep(connection, KEPT)
    await connection.execute(OLD.sql)
    await put(connection, 1, datetime(2031, 2, 28, 23, tzinfo=UTC))
    await put(connection, 2, NOW)

    before = datetime(2031, 3, 30, 23, 59, 59, tzinfo=UTC)
    assert OLD.name not in (await upkeep.drop(at=before)).gone
    assert await upkeep.drop(at=datetime(2031, 3, 31, tzinfo=UTC)) == Dropped((OLD.name,), ())

    assert OLD.name not in await partitions_of(connection)
    assert await connection.fetchval("SELECT to_regclass('raw_events_p203102')") is None
    assert await connection.fetchval("SELECT array_agg(id) FROM raw_events") == [UUID(int=2)]


async def test_a_month_that_is_over_is_not_made_again(ground: Ground) -> None:
    upkeep = PartitionUpkeep(await ground.connection(), {"raw_events": timedelta(days=1)})

    assert "raw_events_p203104" not in await upkeep.make(at=NOW)


async def test_a_month_with_rows_in_the_default_partition_does_not_hold_up_the_others(ground: Ground) -> None:
    connection = await ground.connection()
    await put(connection, 1, NOW)  # there is no such month yet
    made = await PartitionUpkeep(connection, KEPT).make(at=NOW)

    assert "raw_events_p203105" not in made
    assert {"raw_events_p203106", "domain_events_p203105"} <= set(made)


async def test_what_is_kept_for_ever_and_what_is_no_month_stays(ground: Ground) -> None:
    connection = await ground.connection()
    before = {parent: await partitions_of(connection, parent) for parent in PARTITIONED_BY}
    await PartitionUpkeep(connection, KEPT).drop(at=NOW)

    assert "raw_events_default" in await partitions_of(connection)
    for parent in set(PARTITIONED_BY) - {"raw_events"}:
        assert await partitions_of(connection, parent) == before[parent]


async def test_rows_go_at_once_while_intake_has_the_table_and_the_empty_month_goes_afterwards(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "TRIES", 3)
    intake, worker = await ground.connection(), await ground.connection()
    await worker.execute(OLD.sql)
    await put(worker, 1, datetime(2031, 2, 3, tzinfo=UTC))
    transaction = intake.transaction()
    await transaction.start()
    await put(intake, 2, NOW)  # and its transaction stays open

    upkeep = PartitionUpkeep(worker, KEPT)
    assert OLD.name in (await upkeep.drop(at=NOW)).emptied
    assert await worker.fetchval(f"SELECT count(*) FROM {OLD.name}") == 0  # noqa: S608
    await transaction.commit()

    assert OLD.name in (await upkeep.drop(at=NOW)).gone
    assert await worker.fetchval("SELECT count(*) FROM raw_events") == 1


async def test_a_month_that_somebody_reads_is_left_until_next_time(ground: Ground) -> None:
    reader, worker = await ground.connection(), await ground.connection()
    await worker.execute(OLD.sql)
    await put(worker, 1, datetime(2031, 2, 3, tzinfo=UTC))
    transaction = reader.transaction()
    await transaction.start()
    assert await reader.fetchval("SELECT count(*) FROM raw_events") == 1

    dropped = await PartitionUpkeep(worker, KEPT).drop(at=NOW)

    assert OLD.name not in dropped.gone + dropped.emptied
    assert await worker.fetchval("SELECT count(*) FROM raw_events") == 1
    await transaction.rollback()


async def test_what_a_worker_left_half_done_is_finished(ground: Ground) -> None:
    connection = await ground.connection()
    await connection.execute(OLD.sql)
    await connection.execute(f"ALTER TABLE raw_events DETACH PARTITION {OLD.name}")  # and it died

    assert OLD.name in (await PartitionUpkeep(connection, KEPT).drop(at=NOW)).gone


async def test_intake_waits_for_neither(ground: Ground) -> None:
    worker = await ground.connection()
    for month in range(12):
        starts = date(2030, month + 1, 1)
        await worker.execute(
            Partition("raw_events", starts, date(2031, 1, 1) if month == 11 else date(2030, month + 2, 1)).sql
        )
        at = datetime(2030, month + 1, 2, tzinfo=UTC)
        await worker.execute(
            "INSERT INTO raw_events SELECT gen_random_uuid(), gen_random_uuid(), $1, 'native', '' "
            "FROM generate_series(1, 2000)",
            at,
        )
    upkeep = PartitionUpkeep(worker, KEPT)
    await upkeep.make(at=NOW)
    taken_in = asyncio.Semaphore(0)
    is_over = asyncio.Event()

    async def take_in(number: int) -> None:
        """What waits for a lock for so long the server ends, whose clock our own load does not touch."""
        connection = await ground.connection(lock_timeout="200ms")
        for each in count():
            if is_over.is_set():
                return
            async with connection.transaction():
                await put(connection, number, NOW + timedelta(microseconds=each))
                await asyncio.sleep(0.005)  # what else a batch has to write
            taken_in.release()

    async def have_taken_in_more() -> None:
        for _ in range(100):
            await taken_in.acquire()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(take_in(number + 1))
        await have_taken_in_more()
        made = await upkeep.make(at=NOW + timedelta(days=31))
        first = await upkeep.drop(at=NOW)
        await have_taken_in_more()
        is_over.set()

    assert "raw_events_p203108" in made
    # Whether gaps were found among four writers is chance; the rows are gone, and nobody waited.
    assert len(first.gone) + len(first.emptied) >= 12
    assert await worker.fetchval("SELECT count(*) FROM raw_events WHERE received_at < $1", NOW) == 0
