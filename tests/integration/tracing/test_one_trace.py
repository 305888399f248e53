"""One event from its sender's request to the page on a phone, and to whoever is told of it: all in one trace."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import msgspec
import pytest
from dishka import AsyncContainer

from adapters import tracing
from adapters.outbound.postgres.session import Pool
from application.subscription.create_subscription import CreateSubscription
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.subscription.subscription import SubscriptionKind
from entrypoints.container import production_container
from entrypoints.http_server import serve
from entrypoints.settings import Settings
from entrypoints.worker import work
from tests.faults.crew import Crew, stock
from tests.support.fake_slack import FakeSlack
from tests.support.receiver import Receiver, receiver
from tests.support.traced import RecordedSpan, RecordingTracer

pytestmark = pytest.mark.postgres

SENDERS = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{SENDERS}-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Place:
    url: str
    crew: Crew
    slack: FakeSlack
    hooks: Receiver
    container: AsyncContainer

    async def send(self, dedup_key: str, *, traceparent: str | None = TRACEPARENT) -> None:
        event = {
            "routing_key": self.crew.key,
            "event_action": "trigger",
            "dedup_key": dedup_key,
            "payload": {"summary": dedup_key, "source": "db-1", "severity": "critical"},
        }
        headers = {} if traceparent is None else {"traceparent": traceparent}
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self.url}/v2/enqueue", json=event, headers=headers) as answer,
        ):
            assert answer.status == 202

    async def stored(self) -> list[str | None]:
        pool = await self.container.get(Pool)
        return [row["trace"] for row in await pool.fetch("SELECT trace FROM incidents ORDER BY number")]


@asynccontextmanager
async def place_over(dsn: str) -> AsyncIterator[Place]:
    draining = asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    slack = FakeSlack()
    slack.start()
    async with AsyncExitStack() as stack:
        stack.callback(slack.stop)
        hooks = await stack.enter_async_context(receiver())
        group = await stack.enter_async_context(asyncio.TaskGroup())
        crew = await stock(dsn, steps=1, slack=slack)
        settings = crew.settings | {"outgoing_ports": str(hooks.port)}
        container = production_container(msgspec.convert(settings, Settings, strict=False))
        await _subscribe(container, crew, hooks)
        listening = asyncio.Event()
        group.create_task(serve(container, listener, draining, listening))
        group.create_task(work(container, draining))
        await listening.wait()
        try:
            yield Place(f"http://127.0.0.1:{listener.getsockname()[1]}", crew, slack, hooks, container)
        finally:
            draining.set()
    await container.close()


async def _subscribe(container: AsyncContainer, crew: Crew, hooks: Receiver) -> None:
    async with container() as request:
        create: CreateSubscription = await request.get(CreateSubscription)
        admin = Actor(user_id=crew.ana, role=Role.ADMIN)
        await create(team_id=None, name="Chat", kind=SubscriptionKind.WEBHOOK, address=hooks.url, actor=admin)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110  # what others receive gives no hint
            await asyncio.sleep(0.05)


def is_in_the_senders_trace(span: RecordedSpan) -> bool:
    return f"{span.trace_id:032x}" == SENDERS


async def test_an_event_its_page_and_what_others_are_told_of_it_are_one_trace(
    clean_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = RecordingTracer()
    monkeypatch.setattr(tracing, "TRACER", tracer)
    monkeypatch.setattr(tracing, "is_recorded", lambda: True)
    async with place_over(clean_database) as place:
        await place.send("disk-full")
        await until(lambda: bool(place.slack.messages) and bool(place.hooks.received))

    (request,) = tracer.named("POST")
    (ingest,) = tracer.named("ingest events")
    assert request.attributes["tocsin.door"] == "pagerduty"
    pages = tracer.named("send notification")
    assert [f"{request.parent.span_id:x}", ingest.parent.span_id] == ["b7ad6b7169203331", request._context.span_id]
    assert pages
    assert all(page.parent.span_id == request._context.span_id for page in pages)
    assert all(map(is_in_the_senders_trace, (request, ingest, *pages, *tracer.named("send events"))))
    told = {each.headers["traceparent"] for each in place.hooks.received if b"disk-full" in each.body}
    sent = {f"00-{SENDERS}-{span._context.span_id:016x}-01" for span in tracer.named("send events")}
    assert told
    assert told <= sent


async def test_without_an_sdk_the_trace_of_a_sender_is_handed_on_and_without_one_nothing_is(
    clean_database: str,
) -> None:
    async with place_over(clean_database) as place:
        await place.send("traced")
        await place.send("untraced", traceparent=None)
        await until(lambda: len(place.hooks.received) >= 2)
        assert await place.stored() == [TRACEPARENT, None]

    told = {b"untraced" in each.body: each.headers.get("traceparent") for each in place.hooks.received}
    assert told == {False: TRACEPARENT, True: None}
