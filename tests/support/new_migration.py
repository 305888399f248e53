"""Writes the migration from the last one to the tables of today: `python -m tests.support.new_migration "what for"`."""

import asyncio
import sys

from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from entrypoints.migrate import alembic_config, sqlalchemy_url
from tests.support import engines


def write(connection: Connection, message: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.revision(config, message=message, autogenerate=True)


async def compare(dsn: str, message: str) -> None:
    engine = create_async_engine(sqlalchemy_url(dsn))
    try:
        async with engine.connect() as connection:
            await connection.run_sync(write, message)
    finally:
        await engine.dispose()


def main() -> None:
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.exit('say what the migration is for: make migration m="add a colour to teams"')
    with engines.session(), engines.database() as dsn:
        asyncio.run(compare(dsn, message))


if __name__ == "__main__":
    main()
