"""Somebody's server that takes webhooks: it writes down what came, checks signatures and answers as it is told."""

import asyncio
import base64
import hmac
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Received:
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    url: str = ""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: deque[tuple[int, Mapping[str, str]]] = field(default_factory=deque)  # then 204
    is_silent: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        self.received.append(Received(dict(request.headers), await request.read()))
        if self.is_silent:
            await asyncio.sleep(30)
        status, headers = self.answers.popleft() if self.answers else (204, {})
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """On a port of loopback."""
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    made.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # an asyncio.Server
    made.url = f"http://127.0.0.1:{made.port}/hooks"
    try:
        yield made
    finally:
        await runner.cleanup()


def is_signed(received: Received, secret: str) -> bool:
    """As docs/webhooks.md tells receivers to check."""
    headers = {name.lower(): value for name, value in received.headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    mac = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    expected = f"v1,{base64.b64encode(mac).decode()}"
    return any(hmac.compare_digest(expected, each) for each in headers["webhook-signature"].split(" "))
