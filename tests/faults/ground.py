"""Where a fault happens: a database, the providers, the crew, and the processes of one scenario."""

# ruff: noqa: ASYNC240 - nothing else shares the loop

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiohttp
import asyncpg

from tests.faults.crew import STEP, Crew, stock
from tests.faults.history import History, read
from tests.faults.load import Load, trigger
from tests.support.fake_slack import FakeSlack
from tests.support.processes import Process, ProcessError, free_port, http
from tests.support.smtp import SmtpServer

REPEAT: Final = "may be a repeat"


@dataclass(slots=True)
class Ground:
    """One scenario's own world. Everything that it starts ends with it."""

    dsn: str
    directory: Path
    crew: Crew
    smtp: SmtpServer
    slack: FakeSlack
    random: random.Random
    stack: contextlib.ExitStack
    kills: int = 0
    _logs: int = field(default=0)

    def start(self, role: str, **settings: str) -> Process:
        """A process of the role, over this database and these providers."""
        self._logs += 1
        log = self.directory / f"{role}-{self._logs}.log"
        merged = self.crew.settings | settings
        if role == "http":
            merged = {"http_address": f"127.0.0.1:{free_port()}"} | merged
            return self.stack.enter_context(http(log, merged))
        assert role in {"worker", "consumer"}
        return self.stack.enter_context(Process("worker" if role == "worker" else "consumer", log, merged))

    async def kill(self, process: Process) -> None:
        process.kill()
        self.kills += 1

    def load(self, *servers: Process) -> Load:
        return Load(urls=[server.url for server in servers], key=self.crew.key)

    async def trigger(self, server: Process, dedup_keys: Iterable[str]) -> Load:
        """Send these, all of which must be accepted."""
        load = self.load(server)
        await load.send(list(dedup_keys), connections=8)
        assert not load.failed, load.answers
        return load

    async def ask(self, sql: str, *arguments: object) -> Any:
        """One value of the database."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()

    async def rows(self, sql: str, *arguments: object) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def tell(self, sql: str, *arguments: object) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()

    async def until(self, sql: str, *, within: float = 30.0, what: str = "") -> float:
        """Wait until a question about the database is answered with yes; return how many seconds that took."""
        began = time.monotonic()
        connection = await asyncpg.connect(self.dsn)
        try:
            while not await connection.fetchval(sql):
                if time.monotonic() > began + within:
                    raise ProcessError(f"not within {within:g} s: {what or sql}")
                await asyncio.sleep(0.05)
        finally:
            await connection.close()
        return time.monotonic() - began

    async def until_incidents(self, count: int, *, within: float) -> None:
        await self.until(f"SELECT count(*) = {count:d} FROM incidents", within=within)  # noqa: S608  # a number

    async def until_quiet(self, *, within: float = 30.0) -> None:
        """Wait until every escalation has ended and every page has been settled."""
        await self.until(
            "SELECT NOT EXISTS (SELECT FROM escalation_runs WHERE next_deadline IS NOT NULL)"
            " AND NOT EXISTS (SELECT FROM notifications WHERE next_deadline IS NOT NULL)",
            within=within,
            what="every escalation and every page has ended",
        )

    async def expire_leases(self) -> int:
        """What twenty seconds would do: every lease of a courier has run out."""
        connection = await asyncpg.connect(self.dsn)
        try:
            rows = await connection.fetch(
                "UPDATE notifications SET next_deadline = now() WHERE status = 'sending' RETURNING id"
            )
        finally:
            await connection.close()
        return len(rows)

    async def acknowledge(self, server: Process, incident: str) -> int:
        """By its reference, as the admin; return the status of the answer."""
        async with (
            aiohttp.ClientSession(headers=self.crew.authorization) as client,
            client.post(f"{server.url}/v1/incidents/{incident}/acknowledge") as answer,
        ):
            return answer.status

    def received(self) -> dict[UUID, list[bool]]:
        """Of each page, the messages that a provider took, and whether each says that it may be a repeat.

        Slack's refusals are not told apart from what it took: use it only where none were scripted.
        """
        pages: dict[UUID, list[bool]] = defaultdict(list)
        for mail in list(self.smtp.received):
            page, _, _ = str(mail.message["Message-ID"]).strip("<>").partition(".")
            body = mail.message.get_body(("plain",))
            assert body is not None
            pages[UUID(page)].append(REPEAT in body.get_content())
        for call in self.slack.calls_of("chat.postMessage"):
            page = call.body["metadata"]["event_payload"]["delivery_id"]
            pages[UUID(page)].append(REPEAT in call.body["text"])
        return dict(pages)

    async def history(self, load: Load | None = None, *, with_providers: bool = True) -> History:
        accepted = load.accepted if load is not None else set()
        received = self.received() if with_providers else None
        return await read(self.dsn, accepted=accepted, received=received)

    def event(self, dedup_key: str) -> dict[str, Any]:
        return trigger(self.crew.key, dedup_key)


@contextlib.asynccontextmanager
async def ground(
    dsn: str,
    directory: Path,
    *,
    seed: int,
    steps: int = 2,
    repeats: int = 0,
    delay: timedelta = STEP,
) -> AsyncIterator[Ground]:
    """A migrated database becomes a crew's, with a mail server and a Slack of their own."""
    smtp, slack = SmtpServer(), FakeSlack()
    smtp.start()
    slack.start()
    try:
        with contextlib.ExitStack() as stack:
            crew = await stock(dsn, steps=steps, repeats=repeats, delay=delay, smtp=smtp, slack=slack)
            try:
                yield Ground(dsn, directory, crew, smtp, slack, random.Random(seed), stack)
            except Exception as error:
                for log in sorted(directory.glob("*.log")):  # they are gone once anybody could look
                    error.add_note(f"{log.name} ends with:\n{log.read_text()[-2000:]}")
                raise
    finally:
        slack.stop()
        smtp.stop()
