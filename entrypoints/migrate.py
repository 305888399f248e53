"""Changes of the schema, by Alembic: apart from what servers ask about it, for they keep what they import."""

import asyncio
from datetime import UTC
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from adapters.outbound.postgres.partitions import wanted
from entrypoints.database import PROJECT, SchemaError, known_revisions

# One migration at a time, whoever starts it: "tocsin" in a telephone keypad's digits.
ADVISORY_LOCK: Final = 862746


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


async def _refuse_newer(connection: AsyncConnection) -> None:
    exists = await connection.scalar(text("SELECT to_regclass('alembic_version')"))
    current = None if exists is None else await connection.scalar(text("SELECT version_num FROM alembic_version"))
    await connection.rollback()
    if current is not None and current not in known_revisions():
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
