"""The guarded session, on loopback alone: what else it refuses is tested on addresses."""

import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.outbound.http.guard import BlockedAddressError, OutgoingGuard, networks
from adapters.outbound.http.session import RedirectRefusedError, guarded_session
from tests.unit.outgoing.ports import free_port


class Site:
    """A web server on loopback which counts who comes."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def page(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        if request.path == "/away":
            return web.Response(status=307, headers={"Location": "/", "Set-Cookie": "a=b"})
        return web.Response(text="hello", headers={"Set-Cookie": "a=b"})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    served = Site()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", served.page)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.port = runner.addresses[0][1]
    yield served
    await runner.cleanup()


def guard_for(port: int) -> OutgoingGuard:
    return OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({port}))


class NamesOfLoopback(AbstractResolver):
    """Every name is loopback's, as a stranger's name server may say."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0),
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "public.example"])
async def test_loopback_is_refused_however_it_is_written(site: Site, host: str) -> None:
    guard = OutgoingGuard(ports=frozenset({site.port}))
    resolver = NamesOfLoopback() if host == "public.example" else None
    async with guarded_session(guard, resolver=resolver) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="not allowed"):
            await session.get(f"http://{host}:{site.port}/")
    assert site.requests == []


async def test_the_refusal_names_address_and_port(site: Site) -> None:
    async with guarded_session(OutgoingGuard(ports=frozenset({site.port}))) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(site.url)
    refusal = caught.value.os_error
    assert isinstance(refusal, BlockedAddressError)
    assert (refusal.address, refusal.port) == ("127.0.0.1", site.port)


async def test_loopback_is_reached_when_it_is_listed(site: Site) -> None:
    async with guarded_session(guard_for(site.port)) as session, session.get(site.url) as response:
        assert await response.text() == "hello"
    assert site.requests[0].headers["User-Agent"] == "Tocsin"


async def test_another_port_is_refused(site: Site) -> None:
    async with guarded_session(guard_for(443)) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="the port is not on the list"):
            await session.get(site.url)


async def test_a_redirect_is_not_followed(site: Site) -> None:
    async with guarded_session(guard_for(site.port)) as session:
        with pytest.raises(RedirectRefusedError, match="307"):
            await session.get(f"{site.url}away")
    assert [request.path for request in site.requests] == ["/away"]


async def test_neither_cookies_nor_the_environments_proxy_are_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    # By a name, since cookies of bare addresses are never kept.
    async with guarded_session(guard_for(site.port), resolver=NamesOfLoopback()) as session:
        for _ in range(2):
            async with session.get(f"http://public.example:{site.port}/"):
                pass
    assert ["Cookie" in request.headers for request in site.requests] == [False, False]
