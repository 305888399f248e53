"""Who is asking. Everything needs an answer, unless its handler says `opt=PUBLIC`.

A guard of the whole application asks before a body is read, so a new route is closed until somebody opens it.
"""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from adapters.inbound.http.request_context import header, remember_actor, request_id_of
from application.errors import UnauthenticatedError
from application.identity.authenticate import Authenticate
from domain.identity.actor import Actor
from domain.shared.via import Via

type Connection = ASGIConnection[Any, Any, Any, Any]

# For those whom something else lets in: a signature, a key in the body, a password. Few, and listed by a test.
PUBLIC: Final[dict[str, Any]] = {"public": True}

# RFC 6750, 2.1; nothing longer than any token of ours is worth looking at
_SCHEME: Final = "bearer "
_TOKEN_CHARACTERS: Final = 4096


async def require_actor(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of every route that is not public. Raises `UnauthenticatedError`."""
    if not handler.opt.get("public"):
        # Asked from the request's container, so that a handler which names the actor gets this very one.
        await connection.state.dishka_container.get(Actor)


async def actor_of(connection: Connection, authenticate: Authenticate) -> Actor:
    """Whom the bearer token stands for. Raises `UnauthenticatedError`."""
    actor = await authenticate(
        bearer_of(connection),
        via=Via.CLI if header(connection.scope, b"x-tocsin-via") == Via.CLI else Via.API,
        address=address_of(connection),
        request_id=request_id_of(connection.scope),
    )
    remember_actor(connection.scope, actor.user_id)
    return actor


def bearer_of(connection: Connection) -> str:
    """The token of the one `Authorization` header. Raises `UnauthenticatedError`."""
    value = header(connection.scope, b"authorization") or ""
    token = value[len(_SCHEME) :].strip()
    if value[: len(_SCHEME)].lower() != _SCHEME or not token.isascii() or not 1 <= len(token) <= _TOKEN_CHARACTERS:
        raise UnauthenticatedError
    return token


def address_of(connection: Connection) -> str:
    """Where the request came from, as the server that took it says."""
    return connection.client.host if connection.client else ""
