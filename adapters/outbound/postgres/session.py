"""One request's or one tick's way to the database: the pool for reads, one connection while a transaction is open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Final, cast

import asyncpg
import asyncpg.pool
import msgspec

from adapters.outbound.postgres.errors import translating
from adapters.outbound.postgres.statement import Statement
from application.ports.transaction import Transaction

type Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
type RawConnection = asyncpg.Connection[asyncpg.Record]
type Pool = asyncpg.Pool
CLOSE_SECONDS: Final = 2.0
_encode: Final = msgspec.json.Encoder().encode
_JSONB_VERSION: Final = b"\x01"  # of its binary form, which is text behind it; COPY takes no other form

type Row = Mapping[str, Any]  # what an asyncpg.Record is, which its stubs do not say


async def prepare_connection(connection: RawConnection) -> None:
    """JSON as msgspec reads and writes it. Nothing else is set: pooled connections carry no session state."""
    for name, version in (("json", b""), ("jsonb", _JSONB_VERSION)):
        await connection.set_type_codec(
            name, encoder=_encoder(version), decoder=_decoder(len(version)), schema="pg_catalog", format="binary"
        )


def _encoder(version: bytes) -> Callable[[object], bytes]:
    # Already encoded values come as bytes from the hot paths, which encode once.
    return lambda value: version + (value if isinstance(value, bytes) else _encode(value))


def _decoder(start: int) -> Callable[[bytes], object]:
    return lambda sent: msgspec.json.decode(memoryview(sent)[start:])


async def leave_as_it_is(_: RawConnection) -> None:
    """Saves the reset round trip when a connection returns to the pool: nobody sets session state on it."""


async def create_pool(dsn: str, *, least: int = 1, most: int = 10, application_name: str = "tocsin") -> Pool:
    """A pool whose statements end by themselves, so that no forgotten transaction holds back the vacuum.

    Raises `TransientPortError` when the database cannot be reached.
    """
    with translating():
        return await asyncpg.create_pool(
            dsn,
            min_size=least,
            max_size=most,
            init=prepare_connection,
            reset=leave_as_it_is,
            timeout=5,
            command_timeout=15,
            max_inactive_connection_lifetime=300,
            server_settings={
                "application_name": application_name,
                "jit": "off",
                "timezone": "UTC",
                "lock_timeout": "5s",
                "statement_timeout": "10s",
                "idle_in_transaction_session_timeout": "10s",
            },
        )


async def close_pool(pool: Pool) -> None:
    """Wait a moment for connections in use, then end them all the same."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()


class PostgresSession(Transaction):
    """Entered, it is the transaction; repositories made with it share its connection.

    No connection is held outside of a transaction or a single read, so that a long-lived scope, such as a stream's,
    pins none.
    """

    __slots__ = ("_connection", "_transaction", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._connection: Connection | None = None
        self._transaction: asyncpg.transaction.Transaction | None = None

    @property
    def is_open(self) -> bool:
        """Whether a transaction is."""
        return self._connection is not None

    @property
    def connection(self) -> Connection:
        assert self._connection is not None, "repositories work inside a transaction"
        return self._connection

    async def __aenter__(self) -> None:
        assert self._connection is None, "transactions do not nest"
        with translating():
            self._connection = await self.pool.acquire(timeout=5)
            try:
                self._transaction = self._connection.transaction()
                await self._transaction.start()
            except BaseException:
                await self._release()
                raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transaction is not None
        try:
            if kind is None:
                with translating():
                    await self._transaction.commit()
            else:
                await self._undo()
        finally:
            await self._release()
        if isinstance(error, Exception):
            with translating():
                raise error

    async def _undo(self) -> None:
        """What a lost connection had begun, the server undoes; its driver refuses every call then."""
        assert self._transaction is not None
        assert self._connection is not None
        try:
            if not self._connection.is_closed():
                await self._transaction.rollback()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            with suppress(asyncpg.InterfaceError):
                self._connection.terminate()

    async def _release(self) -> None:
        connection, self._connection, self._transaction = self._connection, None, None
        if connection is not None:
            await self.pool.release(connection)

    # Inside the transaction, or on any connection when there is none.

    @asynccontextmanager
    async def any_connection(self) -> AsyncIterator[Connection]:
        if self._connection is not None:
            with translating():
                yield self._connection
            return
        with translating():
            async with self.pool.acquire(timeout=5) as connection:
                try:
                    yield connection
                except asyncpg.InternalClientError:  # the server was lost half-way through an answer
                    connection.terminate()
                    raise

    async def rows(self, statement: Statement, **values: object) -> list[Row]:
        return await self.fetch(statement.sql, *statement.arguments(values))

    async def row(self, statement: Statement, **values: object) -> Row | None:
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def fetch(self, sql: str, *arguments: object) -> list[Row]:
        """The same for a statement that is text, its arguments by position."""
        async with self.any_connection() as connection:
            return cast(list[Row], await connection.fetch(sql, *arguments))

    async def execute(self, statement: Statement, **values: object) -> int:
        """How many rows it touched."""
        status = await self.connection.execute(statement.sql, *statement.arguments(values))
        return int(status.rpartition(" ")[2])
