"""Clients that take their time, over real sockets: they are cut off, and nobody else notices."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
import uvicorn

from adapters.inbound.http.asgi import Receive, Scope, Send
from adapters.inbound.http.protocol import BoundedProtocol
from entrypoints.http_server import Server

HEAD = b"POST / HTTP/1.1\r\nHost: tocsin.test\r\nContent-Length: 4\r\n\r\n"


class Impatient(BoundedProtocol):
    head_seconds = 0.3
    body_seconds = 0.5


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(
        echo, http=Impatient, port=0, loop="none", lifespan="off", log_config=None, timeout_keep_alive=1
    )
    server = Server(config, asyncio.Event())
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it gives no hint
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def seconds_until_cut_off(port: int, *pieces: bytes, pause: float = 0.1) -> float:
    """From the first byte on; the pieces are sent one after the other, and the last of them again and again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()

    async def dribble() -> None:
        for piece in (*pieces, *[pieces[-1]] * 100) if pieces else ():
            writer.write(piece)
            await asyncio.sleep(pause)

    dribbling = asyncio.create_task(dribble())
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 10) == b""
    took = time.monotonic() - began
    dribbling.cancel()
    await asyncio.gather(dribbling, return_exceptions=True)
    writer.close()
    return took


async def test_a_connection_on_which_nothing_comes_is_cut_off(port: int) -> None:
    assert 0.25 <= await seconds_until_cut_off(port) < 2


async def test_headers_that_come_byte_by_byte_are_not_waited_for(port: int) -> None:
    assert 0.25 <= await seconds_until_cut_off(port, b"POST / HTTP/1.1\r\nX: ", b"a") < 2


async def test_a_body_that_comes_byte_by_byte_is_not_waited_for(port: int) -> None:
    begun = HEAD.replace(b": 4", b": 4000")
    assert 0.45 <= await seconds_until_cut_off(port, begun, b"a") < 2


async def test_headers_without_an_end_are_cut_off_at_their_length(port: int) -> None:
    assert await seconds_until_cut_off(port, b"POST / HTTP/1.1\r\nX: ", b"a" * 70_000, pause=0.01) < 0.3


async def test_whoever_sends_in_time_is_answered_again_and_again_on_one_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(HEAD)
        await asyncio.sleep(0.25)
        writer.write(b"ping")
        answer = await asyncio.wait_for(reader.readuntil(b"ping"), 2)
        assert answer.startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.4)  # idle for longer than a head may take
    writer.close()
