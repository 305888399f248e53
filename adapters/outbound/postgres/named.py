"""What all stored nouns with a name, a team and a version have in common: one way to read, to save and to list them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType

import asyncpg
from sqlalchemy import BindParameter, Table, bindparam, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.sql import Select
from sqlalchemy.types import UserDefinedType

from adapters.outbound.postgres.event_log import CHANNEL, NOTIFY, Topic
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from application.errors import ConflictError
from application.ports.page import PageRequest


class EncodedJson(UserDefinedType[bytes]):
    """A jsonb parameter that is given as JSON already, in bytes."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "jsonb"


def parameter(table: Table, column: str) -> BindParameter[object]:
    kind = table.c[column].type
    return bindparam(column, None, type_=EncodedJson() if isinstance(kind, JSONB) else kind)


def inserting(table: Table, *columns: str) -> Statement:
    return Statement(insert(table).values({column: parameter(table, column) for column in columns}))


def updating(table: Table, *columns: str) -> Statement:
    """Of the row `key`, as long as its version is still `as_read`."""
    is_as_read = (table.c.id == bindparam("key", None)) & (table.c.version == bindparam("as_read", None))
    return Statement(update(table).where(is_as_read).values({column: parameter(table, column) for column in columns}))


async def save(
    session: PostgresSession, noun: str, insertion: Statement, change: Statement, stored: Mapping[str, object]
) -> None:
    """Insert version 1, or go on from the version before.

    Raises `ConflictError` when that is no longer the stored one, or when a unique value is another's.
    """
    version = stored["version"]
    assert isinstance(version, int)
    with telling_conflicts(noun, stored):
        if version == 1:
            await session.execute(insertion, **stored)
            return
        values = {name: value for name, value in stored.items() if name != "id"}
        if await session.execute(change, **values, key=stored["id"], as_read=version - 1) == 0:
            raise ConflictError(noun, stored["id"])


async def hint_configuration(session: PostgresSession) -> None:
    """Tell whoever remembers what decides an event's way to forget it. The server holds it back until the commit."""
    await session.connection.execute(NOTIFY, CHANNEL, Topic.CONFIGURATION)


@contextmanager
def telling_conflicts(noun: str, stored: Mapping[str, object]) -> Iterator[None]:
    """Raises `ConflictError`, which names what is taken, in place of the driver's exception."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if (error.constraint_name or "").endswith("_name_key"):
            raise ConflictError(noun, stored["name"], "is there already, and names are unique") from error
        raise ConflictError(noun, stored["id"], "is there already") from error


async def page_rows(
    session: PostgresSession,
    query: Select[tuple[object, ...]],
    table: Table,
    page: PageRequest,
    given: Mapping[str, object] = MappingProxyType({}),
    /,
    **filters: object,
) -> tuple[list[Row], bool]:
    """One page by (name, id) of the rows whose columns are as the filters that are given, and whether more follow.

    `given` are the query's own parameters.
    """
    values = {column: value for column, value in filters.items() if value is not None}
    asked = tuple(member for member in ("named", "ids") if getattr(page, member) is not None)
    statement = _listing(query, table, tuple(values), asked, is_first=page.after is None)
    values |= given
    values |= {member: getattr(page, member) for member in asked}
    if page.ids is not None:
        values["ids"] = list(page.ids)
    if page.after is not None:
        values["after_name"], values["after_id"] = page.after
    rows = await session.rows(statement, **values, most=page.limit + 1)
    return rows[: page.limit], len(rows) > page.limit


@cache
def _listing(
    query: Select[tuple[object, ...]], table: Table, filters: tuple[str, ...], asked: tuple[str, ...], *, is_first: bool
) -> Statement:
    """Compiled once a shape: a condition that may be absent would cost the plan its index."""
    for column in filters:
        query = query.where(table.c[column] == parameter(table, column))
    if "named" in asked:  # a few thousand rows at most are looked through, when a person names one
        known_by = [table.c[column] for column in ("name", "email") if column in table.c]
        named = func.lower(bindparam("named", None, type_=table.c.name.type))
        query = query.where(or_(*[func.lower(column) == named for column in known_by]))
    if "ids" in asked:
        query = query.where(table.c.id == bindparam("ids", None, type_=ARRAY(UUID(as_uuid=True))).any_())
    if not is_first:
        after = tuple_(
            bindparam("after_name", None, type_=table.c.name.type), bindparam("after_id", None, type_=table.c.id.type)
        )
        query = query.where(tuple_(table.c.name, table.c.id) > after)
    return Statement(query.order_by(table.c.name, table.c.id).limit(bindparam("most", 1)))


def one_of(table: Table, query: Select[tuple[object, ...]] | None = None, *, is_held: bool = False) -> Statement:
    """The row `key`, held until the transaction ends or not.

    Held against writers alone: intake, whose rows refer to it, does not wait.
    """
    found = (select(table) if query is None else query).where(table.c.id == bindparam("key", None))
    return Statement(found.with_for_update(of=table, key_share=True) if is_held else found)
