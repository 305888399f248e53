"""HTTP sessions that reach only what an `OutgoingGuard` allows."""

import socket
from typing import Final

from aiohttp import (
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    RedirectClientError,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver

from adapters.outbound.http.guard import BlockedAddressError, OutgoingGuard

USER_AGENT: Final = "Tocsin"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# What getaddrinfo gives: family, type, protocol, canonical name, and the address to connect to
type AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]


class RedirectRefusedError(RedirectClientError):
    """The server pointed elsewhere. Its target is left out: it may carry a secret."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}, and redirects are not followed")
        self.status = status


def guarded_session(
    guard: OutgoingGuard,
    *,
    total_seconds: float = 5.0,
    connect_seconds: float = 2.0,
    limit: int = 100,
    resolver: AbstractResolver | None = None,
) -> ClientSession:
    """A session whose every connection passes the guard; without redirects, cookies or proxies from the environment.

    The connect limit covers name look-up, TCP and TLS, and is shorter than the total one, so that a time-out says
    whether anything was sent. It must be made inside a running event loop; its maker closes it.
    """
    assert connect_seconds < total_seconds

    def guarded_socket(info: AddressInfo) -> socket.socket:
        # Here and not in a resolver: aiohttp does not ask the resolver about literal addresses.
        family, kind, protocol, _, address = info
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise BlockedAddressError(str(address), 0, "it is not an IP address")
        guard.check(str(address[0]), int(address[1]))
        return socket.socket(family, kind, protocol)

    return ClientSession(
        connector=TCPConnector(socket_factory=guarded_socket, limit=limit, resolver=resolver),
        timeout=ClientTimeout(total=total_seconds, connect=connect_seconds),
        headers={"User-Agent": USER_AGENT},
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        middlewares=(_refuse_redirects,),
    )


async def _refuse_redirects(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise RedirectRefusedError(response.status)
    return response
