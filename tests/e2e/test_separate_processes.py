"""The service as it runs at scale: HTTP servers and workers apart, over one database."""

# ruff: noqa: ASYNC110 - the tests are about processes, and nothing else shares their loop

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from adapters.outbound.slack.blocks import ACKNOWLEDGE
from entrypoints.embedded.postgres import EmbeddedPostgres
from entrypoints.migrate import migrate_async
from tests.faults.crew import stock
from tests.faults.history import read
from tests.faults.load import trigger
from tests.support.fake_slack import FakeSlack
from tests.support.processes import Process, http
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.process


async def test_an_escalation_goes_from_the_schedule_to_the_team_until_somebody_presses_the_button(
    fresh_database: str, engine_directory: Path, smtp_server: SmtpServer, fake_slack: FakeSlack
) -> None:
    crew = await stock(fresh_database, steps=2, repeats=20, smtp=smtp_server, slack=fake_slack)
    with (
        http(engine_directory / "http.log", crew.settings) as server,
        Process("worker", engine_directory / "worker-1.log", crew.settings) as one,
        Process("worker", engine_directory / "worker-2.log", crew.settings) as other,
    ):
        for process in (server, one, other):
            await process.ready()
        async with aiohttp.ClientSession(server.url) as client, asyncio.timeout(20):
            async with client.post("/v2/enqueue", json=trigger(crew.key, "db", summary="db-3 is full")) as answer:
                assert answer.status == 202
            while not any("ben@example.test" in mail.recipients for mail in smtp_server.received):
                await asyncio.sleep(0.02)
            # First the one on call alone, then everyone of the team.
            assert smtp_server.received[0].recipients == ("ana@example.test",)
            bens = None
            while bens is None:
                messages = list(fake_slack.messages.values())
                bens = next((message for message in messages if message.channel == "U0BEN"), None)
                await asyncio.sleep(0.02)
            press = fake_slack.press(bens, ACKNOWLEDGE, "U0BEN")
            async with client.post("/slack/interactivity", data=press.body, headers=dict(press.headers)) as answer:
                assert (answer.status, await answer.read()) == (200, b"")
            while not bens.updates:
                await asyncio.sleep(0.02)
        # In place: what was sent now says who has it, and no longer asks.
        assert "Ben" in str(bens.blocks)
        with pytest.raises(LookupError):
            fake_slack.press(bens, ACKNOWLEDGE, "U0BEN")
        mails = len(smtp_server.received)
        await asyncio.sleep(2.5)  # two more steps would have come
        assert len(smtp_server.received) == mails
        assert [await process.stop() for process in (server, one, other)] == [0, 0, 0]

    history = await read(fresh_database, accepted={"db"})
    assert history.violations == []
    connection = await asyncpg.connect(fresh_database)
    try:
        row = await connection.fetchrow(
            "SELECT i.status, u.name, i.number FROM incidents i JOIN users u ON u.id = i.acknowledged_by"
        )
    finally:
        await connection.close()
    assert tuple(row or ()) == ("acknowledged", "Ben", 1)


@pytest.fixture
async def postgres(engine_directory: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own, which may be stopped."""
    server = EmbeddedPostgres(engine_directory / "postgres", durability=False)
    await migrate_async(await server.start())
    yield server
    await server.stop()


async def test_without_its_database_it_says_so_at_once_and_recovers_by_itself(
    postgres: EmbeddedPostgres, engine_directory: Path
) -> None:
    crew = await stock(postgres.dsn())
    with http(engine_directory / "http.log", crew.settings) as server:
        await server.ready()
        async with aiohttp.ClientSession(server.url, timeout=aiohttp.ClientTimeout(10)) as client:

            async def ring(dedup_key: str) -> tuple[int, str | None, float]:
                began = time.monotonic()
                async with client.post("/v2/enqueue", json=trigger(crew.key, dedup_key)) as answer:
                    await answer.read()
                    return answer.status, answer.headers.get("Retry-After"), time.monotonic() - began

            async def readiness() -> int:
                async with client.get("/readyz") as answer:
                    return answer.status

            assert (await ring("before"))[0] == 202
            os.kill(postgres.pid, signal.SIGKILL)
            await postgres.stop()
            for number in range(3):
                status, retry_after, seconds = await ring(f"during-{number}")
                assert (status, retry_after) == (503, "1")
                assert seconds < 3
            assert await readiness() == 503
            async with client.get("/healthz") as answer:
                assert answer.status == 200  # the process itself is well: nobody should restart it

            await postgres.start()
            async with asyncio.timeout(15):
                while await readiness() != 200:
                    await asyncio.sleep(0.1)
            assert (await ring("after"))[0] == 202
        assert await server.stop() == 0
    assert (await read(postgres.dsn(), accepted={"before", "after"})).violations == []
