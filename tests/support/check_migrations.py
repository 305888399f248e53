"""`make migrations`: up, down and up again over a real PostgreSQL, no difference to the tables, and no unsafe DDL."""

import asyncio
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from entrypoints.database import check
from entrypoints.migrate import alembic_config, migrate, sqlalchemy_url
from tests.support import engines


def compare_with_tables(dsn: str) -> None:
    """Raises when a migration is missing."""

    async def compare() -> None:
        engine = create_async_engine(sqlalchemy_url(dsn))
        async with engine.connect() as connection:
            await connection.run_sync(_check)
        await engine.dispose()

    def _check(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)

    asyncio.run(compare())


# Ours run in a transaction each, which a failure undoes. A column becomes nullable for rows of a new kind, which the
# version before does not read. What is counted in an `int` is bounded by a rule.
NOT_OURS = ("prefer-robust-stmts", "ban-drop-not-null", "prefer-bigint-over-int")


def lint() -> int:
    """Squawk over the SQL of every migration but the first."""
    later = [
        script
        for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()
        if script.down_revision is not None
    ]
    for script in later:
        config = alembic_config()
        config.output_buffer = io.StringIO()
        command.upgrade(config, f"{script.down_revision}:{script.revision}", sql=True)
        with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False) as file:
            file.write(config.output_buffer.getvalue())
        squawk = str(Path(sys.executable).with_name("squawk"))
        rules = f"--exclude={','.join(NOT_OURS)}"
        code = subprocess.run([squawk, "--pg-version=16", rules, file.name], check=False).returncode
        Path(file.name).unlink()
        if code:
            return code
    return 0


def main() -> int:
    with engines.session(), engines.database(migrated=False) as dsn:
        migrate(dsn)
        asyncio.run(check(dsn))
        migrate(dsn, revision="base")
        migrate(dsn)
        asyncio.run(check(dsn))
        compare_with_tables(dsn)
    return lint()


if __name__ == "__main__":
    sys.exit(main())
