"""What one request carries from its first byte to its log line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.inbound.http.asgi import App, Message, Receive, Scope, Send
from application.ports.ids import IdFactory

# Fit for a log line, a header and a URN; anything else could forge one of them.
_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_REQUEST_ID: Final = "tocsin_request_id"
_ACTOR_ID: Final = "tocsin_actor_id"


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    """A header by its lower-case name: the only one, or None, since two that differ mean nothing."""
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The id that the caller chose, if it is sane, or the one it got."""
    return str(scope["state"].get(_REQUEST_ID, ""))


def actor_id_of(scope: Mapping[str, Any]) -> str | None:
    """Who acted, as far as that became known."""
    found = scope["state"].get(_ACTOR_ID)
    return None if found is None else str(found)


def remember_actor(scope: Mapping[str, Any], actor_id: object) -> None:
    scope["state"][_ACTOR_ID] = actor_id


def route_of(scope: Mapping[str, Any]) -> str:
    """The template of the route, since a path has ids and secrets in it."""
    return str(scope["path_template"] or "mounted") if "path_template" in scope else "unmatched"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Gives each request an id, and the answer the same one."""

    app: App
    ids: IdFactory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        offered = header(scope, b"x-request-id")
        request_id = offered if offered is not None and _SANE.fullmatch(offered) else str(self.ids.new())
        scope["state"][_REQUEST_ID] = request_id
        line = (b"x-request-id", request_id.encode("ascii"))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], line]
            await send(message)

        await self.app(scope, receive, send_with_id)
