"""A calendar over HTTP: bounded, guarded, and asked with what is known of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from aiohttp import web

from adapters.outbound.http import calendar_source
from adapters.outbound.http.calendar_source import HttpCalendarSource
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from application.ports.calendar_source import Fetched
from application.ports.errors import PermanentPortError, PortError, TransientPortError
from tests.unit.outgoing.ports import free_port

BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@dataclass
class Server:
    url: str
    answer: Callable[[], web.Response] | None = None  # None: it never answers
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append({name.lower(): value for name, value in request.headers.items()})
        if self.answer is None:
            await asyncio.sleep(30)
            raise web.HTTPGatewayTimeout
        return self.answer()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    port = free_port()
    made = Server(f"http://127.0.0.1:{port}/secret.ics")
    app = web.Application()
    app.router.add_get("/secret.ics", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield made
    await runner.cleanup()


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/", maxsplit=1)[0])


@pytest.fixture
async def source(server: Server) -> AsyncIterator[HttpCalendarSource]:
    guard = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({port_of(server.url)}))
    async with guarded_session(guard, total_seconds=0.6, connect_seconds=0.3) as session:
        yield HttpCalendarSource(session)


async def test_a_calendar_is_fetched_with_its_etag(server: Server, source: HttpCalendarSource) -> None:
    server.answer = partial(web.Response, body=BODY, headers={"ETag": '"1"'})
    assert await source.fetch(server.url, etag=None) == Fetched(BODY, '"1"')
    assert "if-none-match" not in server.asked[0]


async def test_what_is_known_is_not_sent_again(server: Server, source: HttpCalendarSource) -> None:
    server.answer = partial(web.Response, status=304)
    assert await source.fetch(server.url, etag='"1"') == Fetched(None, '"1"')
    assert server.asked[0]["if-none-match"] == '"1"'
    with pytest.raises(PermanentPortError, match="answered 304"):
        await source.fetch(server.url, etag=None)


async def test_an_etag_that_is_too_long_is_not_kept(server: Server, source: HttpCalendarSource) -> None:
    server.answer = partial(web.Response, body=BODY, headers={"ETag": f'"{"x" * 1001}"'})
    assert (await source.fetch(server.url, etag=None)).etag is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, PermanentPortError), (403, PermanentPortError), (500, TransientPortError), (429, TransientPortError)],
)
async def test_any_other_answer_is_a_failure(
    server: Server, source: HttpCalendarSource, status: int, kind: type[PortError]
) -> None:
    server.answer = partial(web.Response, status=status)
    with pytest.raises(kind, match=f"^its server answered {status}$"):
        await source.fetch(server.url, etag=None)


async def test_it_is_read_no_further_than_its_limit(
    server: Server, source: HttpCalendarSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_source, "BYTES_MAX", 1000)
    server.answer = partial(web.Response, body=b"x" * 1000)
    assert (await source.fetch(server.url, etag=None)).body == b"x" * 1000
    server.answer = partial(web.Response, body=b"x" * 1001)
    with pytest.raises(PermanentPortError, match="more than 1000 bytes"):
        await source.fetch(server.url, etag=None)


async def test_a_server_that_is_silent_or_gone_is_a_failure_that_passes(
    server: Server, source: HttpCalendarSource
) -> None:
    with pytest.raises(TransientPortError, match="took longer"):
        await source.fetch(server.url, etag=None)
    server.answer = partial(web.Response, status=302, headers={"Location": "http://169.254.169.254/"})
    with pytest.raises(PermanentPortError, match="redirects are not followed"):
        await source.fetch(server.url, etag=None)


async def test_the_guard_decides_what_may_be_asked(server: Server) -> None:
    async with guarded_session(OutgoingGuard(ports=frozenset({port_of(server.url)}))) as session:
        with pytest.raises(PermanentPortError, match="may not be asked: it is not a public address") as refused:
            await HttpCalendarSource(session).fetch(server.url, etag=None)
    assert "secret" not in str(refused.value)
    assert server.asked == []
