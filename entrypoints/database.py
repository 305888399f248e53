"""The schema and its upkeep, from outside the running service."""

import asyncio
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Final

import asyncpg
import asyncpg.pool
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from adapters.outbound.postgres.partitions import wanted

PROJECT: Final = Path(__file__).resolve().parent.parent
# One migration at a time, whoever starts it: "tocsin" in a telephone keypad's digits.
ADVISORY_LOCK: Final = 862746


type Connectionlike = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class SchemaError(Exception):
    """The schema is not the one this version works with. The message says what to do."""


def sqlalchemy_url(dsn: str) -> str:
    """SQLAlchemy takes `postgresql://` for another driver than ours."""
    for prefix in ("postgresql://", "postgres://"):
        if dsn.startswith(prefix):
            return "postgresql+asyncpg://" + dsn.removeprefix(prefix)
    return dsn


def alembic_config() -> Config:
    config = Config(toml_file=PROJECT / "pyproject.toml")
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    return config


@cache
def head() -> str:
    """The revision that this version works with."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert revision is not None
    return revision


def migrate(dsn: str, *, revision: str = "head") -> None:
    """Bring the schema to a revision, alone, and make the months' partitions."""
    asyncio.run(migrate_async(dsn, revision=revision))


async def migrate_async(dsn: str, *, revision: str = "head") -> None:
    """Bring the schema to a revision, alone, and make the months' partitions.

    Raises:
        SchemaError: a newer version of the product has already changed the schema.
    """
    engine = create_async_engine(sqlalchemy_url(dsn))
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            await connection.commit()
            try:
                await _refuse_newer(connection)
                await connection.run_sync(_upgrade, revision)
                await connection.commit()
                await _make_partitions(connection)
            finally:
                await connection.rollback()
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
                await connection.commit()
    finally:
        await engine.dispose()


async def check(dsn: str) -> None:
    """Raises `SchemaError` unless the schema is exactly the one this version works with."""
    connection = await asyncpg.connect(dsn)
    try:
        await check_on(connection)
    finally:
        await connection.close()


async def check_on(connection: Connectionlike) -> None:
    """The same over a connection that is there."""
    current = await _revision(connection)
    if current == head():
        return
    if current is None:
        raise SchemaError("the database has no Tocsin schema yet: run `tocsin db migrate`")
    if current not in _known_revisions():
        raise SchemaError(f"the schema ({current}) is newer than this version: install the version that migrated it")
    raise SchemaError(f"the schema ({current}) is older than this version ({head()}): run `tocsin db migrate`")


@cache
def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions())


async def _revision(connection: Connectionlike) -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    value = await connection.fetchval("SELECT version_num FROM alembic_version")
    return None if value is None else str(value)


async def _refuse_newer(connection: AsyncConnection) -> None:
    exists = await connection.scalar(text("SELECT to_regclass('alembic_version')"))
    current = None if exists is None else await connection.scalar(text("SELECT version_num FROM alembic_version"))
    await connection.rollback()
    if current is not None and current not in _known_revisions():
        raise SchemaError(f"the schema ({current}) is newer than this version: install the version that migrated it")


def _upgrade(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


async def _make_partitions(connection: AsyncConnection) -> None:
    if await connection.scalar(text("SELECT to_regclass('domain_events')")) is None:
        return
    now = await connection.scalar(text("SELECT now()"))
    assert now is not None
    for partition in wanted(now.astimezone(UTC)):
        await connection.execute(text(partition.sql))
    await connection.commit()
