"""Schedules from before their history was kept: as if they had always been so."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from alembic.script import ScriptDirectory

from adapters.outbound.postgres.bodies import layers_body
from adapters.outbound.postgres.schedule_history import PostgresScheduleHistory
from adapters.outbound.postgres.schedules import PostgresScheduleRepository
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from application.ports.schedule_history import NewestVersionsFirst
from domain.oncall.history import as_known
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval
from entrypoints.migrate import alembic_config, migrate_async
from tests.support.oncall import ANN, BOB, a_layer, an_override, utc

SCHEDULE, TEAM = ScheduleId(UUID(int=100)), UUID(int=200)
LAYERS = (a_layer(ANN, starts="1999-01-01 09:00"),)
STANDS_IN = an_override(1, BOB, "2020-01-01 00:00", "2020-01-02 00:00")
LONG_AGO, EARLY = utc("1999-06-01 00:00"), utc("2000-01-01 00:00")


async def write_as_the_version_before_did(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for user_id in (ANN, BOB):
            await connection.execute(
                "INSERT INTO users (id, email, name, role, time_zone, is_active, version)"
                " VALUES ($1, $2, 'U', 'responder', 'UTC', true, 1)",
                user_id,
                f"{user_id}@example.test",
            )
        await connection.execute("INSERT INTO teams (id, name, version) VALUES ($1, 'Core', 1)", TEAM)
        await connection.execute(
            "INSERT INTO schedules (id, team_id, name, time_zone, layers, version)"
            " VALUES ($1, $2, 'Core', 'UTC', $3, 7)",
            SCHEDULE,
            TEAM,
            layers_body(LAYERS).decode(),
        )
        await connection.execute(
            "INSERT INTO schedule_overrides (id, schedule_id, user_id, starts_at, ends_at) VALUES ($1, $2, $3, $4, $5)",
            STANDS_IN.id,
            SCHEDULE,
            BOB,
            STANDS_IN.starts_at,
            STANDS_IN.ends_at,
        )
    finally:
        await connection.close()


async def test_what_was_there_before_its_history_has_always_been_so(empty_database: str) -> None:
    mine = ScriptDirectory.from_config(alembic_config()).get_revision("0003_schedule_history")
    assert isinstance(mine.down_revision, str)
    await migrate_async(empty_database, revision=mine.down_revision)
    await write_as_the_version_before_did(empty_database)
    await migrate_async(empty_database)

    pool = await create_pool(empty_database)
    try:
        session = PostgresSession(pool)
        schedules, history = PostgresScheduleRepository(session), PostgresScheduleHistory(session)
        schedule = await schedules.look_up(SCHEDULE, since=LONG_AGO)
        assert (schedule.layers, schedule.overrides, schedule.version) == (LAYERS, (STANDS_IN,), 7)
        (version,) = (await history.versions(SCHEDULE, NewestVersionsFirst())).items
        assert (version.number, version.schedule.layers, version.known_at) == (7, LAYERS, utc("1900-01-01 00:00"))

        async def on_call(at: datetime, known_at: datetime | None) -> tuple[object, ...]:
            found = await history.of([SCHEDULE], Interval(start=at, end=at + timedelta(days=1)), known_at=known_at)
            return as_known(found[SCHEDULE].history, known_at).on_call(at)

        for known_at in (EARLY, utc("2026-01-01 00:00"), None):
            assert await on_call(LONG_AGO, known_at) == (ANN,)
            assert await on_call(STANDS_IN.starts_at, known_at) == (BOB,)

        async with session:
            await schedules.save(schedule, at=utc("2026-06-01 00:00"), effective_at=utc("2026-07-01 00:00"))
        assert await on_call(utc("2026-06-15 00:00"), None) == (ANN,)
    finally:
        await close_pool(pool)
