"""Whether the schema of the database is the one that this version works with.

Servers ask that again and again, so it takes nothing of what makes the schema (`entrypoints.migrate`): Alembic, the
migrations and SQLAlchemy's engine would be a twentieth of their memory.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import asyncpg
import asyncpg.pool

PROJECT: Final = Path(__file__).resolve().parent.parent
_NAMES_OF_REVISIONS: Final = re.compile(r'^((?:down_)?revision) = "(\w+)"$', re.MULTILINE)


type Connectionlike = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class SchemaError(Exception):
    """The schema is not the one this version works with. The message says what to do."""


@cache
def head() -> str:
    """The revision that this version works with: the one that no other follows."""
    revisions = known_revisions()
    (revision,) = revisions.keys() - revisions.values()
    return revision


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
    if current not in known_revisions():
        raise SchemaError(f"the schema ({current}) is newer than this version: install the version that migrated it")
    raise SchemaError(f"the schema ({current}) is older than this version ({head()}): run `tocsin db migrate`")


@cache
def known_revisions() -> Mapping[str, str | None]:
    """Each revision and the one before it, as the migrations say at their beginning."""
    texts = (path.read_text() for path in (PROJECT / "migrations" / "versions").glob("[0-9]*.py"))
    names = (dict(_NAMES_OF_REVISIONS.findall(text)) for text in texts)
    return {each["revision"]: each.get("down_revision") for each in names}


async def _revision(connection: Connectionlike) -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    value = await connection.fetchval("SELECT version_num FROM alembic_version")
    return None if value is None else str(value)
