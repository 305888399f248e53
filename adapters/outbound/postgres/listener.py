"""Hints that something was committed, over LISTEN/NOTIFY on a connection of its own.

A hint says only "look again". Losing one costs the wait until the next look, so nothing here has to be perfect: when
the connection is lost it is made anew, and everyone is woken, since hints may have been missed meanwhile.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import asyncpg
import structlog

from adapters.outbound.postgres.event_log import CHANNEL, Topic
from application.ports.wakeup import Wakeup

_CONNECT_SECONDS: Final = 5
_CHECK_SECONDS: Final = 15  # so often it is asked whether it lives: one may die without a word, as behind a firewall
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0

_LOST: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

_log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class PostgresWakeup(Wakeup):
    """One waiter's share of a listener."""

    topic: Topic | None = None  # None: any
    detail: str | None = None  # what else of the topic it waits for; None: all of it
    _hint: asyncio.Event = field(default_factory=asyncio.Event)

    def concerns(self, hint: str) -> bool:
        """A hint that leaves something unsaid, such as what it is about, concerns everyone who waits for that."""
        topic, _, detail = hint.partition(" ")
        is_topic = not topic or self.topic in {None, topic}
        return is_topic and (not detail or self.detail in {None, detail})

    def give(self) -> None:
        self._hint.set()

    @property
    def is_given(self) -> bool:
        return self._hint.is_set()

    async def wait(self, *, most: timedelta) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most.total_seconds()):
                await self._hint.wait()
        self._hint.clear()


class PostgresListener:
    """Listens while it is entered. Any number of waiters share its one connection."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiters: set[PostgresWakeup] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_listening = False

    @property
    def is_listening(self) -> bool:
        """Whether every commit from now on gives a hint; when that ends, everyone is woken.

        A connection that has died without a word counts until the next check notices, at most 20 seconds later.
        """
        return self._is_listening

    def subscribe(self, topic: Topic | None = None, detail: str | None = None) -> PostgresWakeup:
        """A wakeup of one's own, which the listener serves until it ends. It starts with a hint: look first."""
        waiter = PostgresWakeup(topic, detail)
        waiter.give()
        self._waiters.add(waiter)
        return waiter

    async def __aenter__(self) -> Self:
        """Returns at once; the connection is made in the background, for polling is the truth."""
        assert self._task is None, "it listens already"
        self._task = asyncio.create_task(self._run(), name="postgres-listener")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        task, self._task = self._task, None
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(
                    self._dsn,
                    timeout=_CONNECT_SECONDS,
                    command_timeout=_CONNECT_SECONDS,
                    server_settings={"application_name": "tocsin-listener"},
                )
            except _LOST as error:
                _log.warning("listener_cannot_connect", reason=type(error).__name__, retry_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            try:
                await self._listen(connection)
            except _LOST as error:
                _log.warning("listener_lost_connection", reason=type(error).__name__)
            finally:
                self._is_listening = False
                connection.terminate()  # it holds nothing, and a polite end could hang on a dead one
            self._wake_everyone()
            await asyncio.sleep(pause)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """Returns when the connection has ended."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        await connection.add_listener(CHANNEL, lambda *hint: self._wake(str(hint[-1])))
        self._is_listening = True
        self._wake_everyone()  # what was committed before it listened
        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECONDS):
                    await ended.wait()
            if not ended.is_set():
                await connection.execute("SELECT 1")

    def _wake(self, hint: str) -> None:
        for waiter in self._waiters:
            if waiter.concerns(hint):
                waiter.give()

    def _wake_everyone(self) -> None:
        for waiter in self._waiters:
            waiter.give()
