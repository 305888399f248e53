"""Headers that keep a browser from doing more with an answer than was meant."""

from dataclasses import dataclass
from typing import Final

from adapters.inbound.http.asgi import App, Message, Receive, Scope, Send

# What our own pages may load: themselves, and nothing inline.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNLESS_SAID: Final = (
    (b"content-security-policy", API_POLICY.encode("ascii")),
    (b"cache-control", b"no-store"),
)
_OVER_TLS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """Adds them to every answer; a handler that sets its own policy or caching keeps it."""

    app: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        always = (*_ALWAYS, _OVER_TLS) if scope["scheme"] == "https" else _ALWAYS

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                added = [line for line in (*always, *_UNLESS_SAID) if line[0] not in said]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self.app(scope, receive, send_guarded)
