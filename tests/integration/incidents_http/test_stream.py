"""The live stream over a real socket, PostgreSQL and its notifications."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import httpx
import pytest
import uvicorn
from dishka import Provider, Scope, provide
from prometheus_client import CollectorRegistry

from adapters.inbound.http.app import create_app
from adapters.inbound.http.event_hub import EventHub
from adapters.inbound.http.incident_acts import IncidentActController
from adapters.inbound.http.incidents import IncidentController
from adapters.inbound.http.stream import StreamController
from adapters.outbound.postgres.session import Pool, PostgresSession
from adapters.outbound.system.ids import UuidFactory
from domain.identity.actor import Actor
from domain.identity.role import Role
from entrypoints.container import production_container
from entrypoints.settings import Settings
from tests.support.stock import ADA, Stock, over_postgres

pytestmark = pytest.mark.postgres


class _AdaCalls(Provider):
    scope = Scope.REQUEST

    @provide(override=True)
    def actor(self) -> Actor:
        return Actor(user_id=ADA, role=Role.RESPONDER)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Site:
    stock: Stock
    pool: Pool
    hub: EventHub
    client: httpx.AsyncClient
    server: uvicorn.Server
    serving: asyncio.Task[None]

    @asynccontextmanager
    async def viewing(self, *, after: str | None = None) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
        headers = {} if after is None else {"Last-Event-ID": after}
        async with self.client.stream("GET", "/v1/stream", headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-accel-buffering"] == "no"
            yield messages_of(response)

    async def until_nobody_watches(self) -> None:
        async with asyncio.timeout(10):
            while self.hub.viewer_count:  # noqa: ASYNC110  # the hub tells nobody that it is alone
                await asyncio.sleep(0.01)


async def messages_of(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    message: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            message[name] = value
        elif message:
            yield message
            message = {}


@pytest.fixture
async def site(clean_database: str) -> AsyncIterator[Site]:
    settings = Settings(database_url=clean_database, database_pool=2, secret_key="x" * 32)
    container = production_container(settings, _AdaCalls())
    app = create_app(
        container=container,
        route_handlers=[IncidentActController, IncidentController, StreamController],
        ids=UuidFactory(),
        registry=CollectorRegistry(),
        is_ready=nothing_amiss,
        version="1",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = _Server(config)
    pool, hub = await container.get(Pool), await container.get(EventHub)
    stock = over_postgres(PostgresSession(pool))
    await stock.lay_in()
    running = asyncio.create_task(hub.run())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=20, trust_env=False) as client:
        yield Site(stock, pool, hub, client, server, serving)
    hub.drain()
    server.should_exit = True
    await asyncio.wait_for(serving, 15)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await container.close()


async def nothing_amiss() -> tuple[str, ...]:
    return ()


async def test_what_is_done_over_http_is_seen_live_and_resumed_from_its_id(site: Site) -> None:
    incident = await site.stock.incident()
    async with site.viewing() as messages:
        assert "retry" in await anext(messages)
        assert (await anext(messages))["event"] == "ready"
        answer = await site.client.post(f"/v1/incidents/{incident.number}/acknowledge")
        assert answer.status_code == 200
        seen = await anext(messages)
        assert seen["event"] == "incident.acknowledged"
        assert json.loads(seen["data"])["incident_id"] == str(incident.id)
    await site.until_nobody_watches()
    await site.client.post(f"/v1/incidents/{incident.id}/notes", json={"note": "while nobody watched"})
    async with site.viewing(after=seen["id"]) as messages:
        await anext(messages)
        assert [(await anext(messages))["event"] for _ in range(2)] == ["escalation.stopped", "incident.annotated"]


async def test_viewers_hold_no_connection_of_the_pool(site: Site) -> None:
    async with contextlib.AsyncExitStack() as stack:
        views = [await stack.enter_async_context(site.viewing()) for _ in range(6)]  # three times the pool's size
        for messages in views:
            await anext(messages)
            await anext(messages)
        incident = await site.stock.incident()
        assert {(await anext(messages))["event"] for messages in views} == {"incident.triggered"}
        assert (await site.client.get(f"/v1/incidents/{incident.id}")).status_code == 200
        assert site.hub.viewer_count == 6
        async with site.pool.acquire(timeout=5), site.pool.acquire(timeout=5):
            pass  # the whole pool is to be had
    await site.until_nobody_watches()


async def test_a_drain_tells_viewers_and_the_server_stops_at_once(site: Site) -> None:
    async with site.viewing() as messages:
        await anext(messages)
        await anext(messages)
        start = monotonic()
        site.hub.drain()
        site.server.should_exit = True
        drain, *rest = [message async for message in messages]
        assert (drain["event"], list(rest[-1])) == ("drain", ["retry"])
        await asyncio.wait_for(site.serving, 10)
        assert monotonic() - start < 4, "the server did not have to cut the stream off"
