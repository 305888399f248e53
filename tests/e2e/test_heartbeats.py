"""A job that is watched, by real processes: it begins, does not end, somebody is paged, and it comes back."""

# ruff: noqa: ASYNC110 - the tests are about processes, and nothing else shares their loop

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.faults.crew import stock
from tests.support.processes import Process, http
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.process


async def test_a_run_that_does_not_end_pages_and_its_end_resolves(
    fresh_database: str, engine_directory: Path, smtp_server: SmtpServer
) -> None:
    crew = await stock(fresh_database, smtp=smtp_server)
    with (
        http(engine_directory / "http.log", crew.settings) as server,
        Process("worker", engine_directory / "worker.log", crew.settings) as worker,
    ):
        await server.ready()
        await worker.ready()
        async with (
            aiohttp.ClientSession(server.url, headers=crew.authorization) as admin,
            aiohttp.ClientSession(server.url) as job,
            asyncio.timeout(40),
        ):
            service = {"service_id": str(crew.service_id), "kind": "heartbeat", "name": "Jobs"}
            async with admin.post("/v1/integrations", json=service) as answer:
                integration = (await answer.json())["integration"]["id"]
            nightly = {"integration_id": integration, "name": "backup", "cron": "30 3 * * *", "grace_seconds": 10}
            async with admin.post("/v1/heartbeats", json=nightly) as answer:
                key = (await answer.json())["key"]

            async def incidents() -> list[tuple[str, str]]:
                async with admin.get("/v1/incidents") as answer:
                    return [(each["title"], each["status"]) for each in (await answer.json())["items"]]

            async with job.get(f"/v1/heartbeats/{key}/start") as answer:
                assert (answer.status, await answer.text()) == (200, "OK")
            while not await incidents():
                await asyncio.sleep(0.1)
            ((title, status),) = await incidents()
            assert title.startswith("backup: its run began at")
            assert status == "triggered"
            while not any("ana@example.test" in mail.recipients for mail in smtp_server.received):
                await asyncio.sleep(0.05)
            async with job.post(f"/v1/heartbeats/{key}", data=b"done") as answer:
                assert answer.status == 200
            assert [status for _, status in await incidents()] == ["resolved"]
        assert await worker.stop() == 0
        assert await server.stop() == 0
