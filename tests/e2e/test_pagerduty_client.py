"""PagerDuty's own Python client, pointed at us. It insists on https, so TLS ends in a proxy of the test."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx2
import pytest
import trustme
from pagerduty import EventsApiV2Client

from adapters.outbound.system.clock import SystemClock
from tests.faults.crew import stock
from tests.support.processes import http

pytestmark = pytest.mark.process


@asynccontextmanager
async def tls_in_front_of(port: int, authority: trustme.CA) -> AsyncIterator[str]:
    """An https address whose plain side is the port on loopback."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    connections: set[asyncio.Task[None]] = set()

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65_536):
                sink.write(piece)
                await sink.drain()
        sink.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        from_us, to_us = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(pipe(reader, to_us), pipe(from_us, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def test_its_events_open_acknowledge_and_resolve_an_incident_and_its_change_is_shown(
    fresh_database: str, engine_directory: Path
) -> None:
    crew = await stock(fresh_database)
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with http(engine_directory / "http.log", crew.settings) as server:
        await server.ready()
        port = int(server.address.rpartition(":")[2])
        async with (
            tls_in_front_of(port, authority) as url,
            aiohttp.ClientSession(server.url, headers=crew.authorization) as reader,
        ):

            async def incidents() -> list[tuple[str, str, str]]:
                async with reader.get("/v1/incidents") as answer:
                    items = (await answer.json())["items"]
                return [(each["title"], each["severity"], each["status"]) for each in items]

            with EventsApiV2Client(crew.key, base_url=url, verify=trust) as client:
                assert isinstance(client, httpx2.Client)
                key = await asyncio.to_thread(
                    lambda: client.trigger("disk full", "db-3", severity="error", custom_details={"free": "1%"})
                )
                assert await incidents() == [("disk full", "SEV2", "triggered")]
                assert await asyncio.to_thread(client.acknowledge, key) == key
                assert await incidents() == [("disk full", "SEV2", "acknowledged")]
                now = SystemClock().now().isoformat()
                change = {"summary": "release 2042", "source": "ci", "timestamp": now}
                await asyncio.to_thread(lambda: client.send_change_event(change))
                async with reader.get("/v1/incidents/INC-1/changes") as answer:
                    assert [each["summary"] for each in await answer.json()] == ["release 2042"]
                assert await asyncio.to_thread(client.resolve, key) == key
                assert await incidents() == [("disk full", "SEV2", "resolved")]
                assert await asyncio.to_thread(client.resolve, key) == key  # nothing to resolve is no error
                again = await asyncio.to_thread(lambda: client.trigger("disk full", "db-3", dedup_key=key))
                assert again == key
                assert [status for _, _, status in await incidents()] == ["triggered", "resolved"]
        assert await server.stop() == 0
