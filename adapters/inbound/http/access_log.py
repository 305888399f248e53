"""One line at the end of each request. Never a header, a body or a path: each may hold a secret."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

import structlog

from adapters.inbound.http.asgi import App, Message, Receive, Scope, Send
from adapters.inbound.http.request_context import actor_id_of, request_id_of, route_of

_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds by machines


@dataclass(frozen=True, slots=True)
class AccessLog:
    app: App
    log: Any = field(default_factory=structlog.get_logger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status: int | None = None

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        started = perf_counter()
        try:
            await self.app(scope, receive, send_and_see)
        finally:
            self._write(scope, status, perf_counter() - started)

    def _write(self, scope: Scope, status: int | None, duration_seconds: float) -> None:
        route = route_of(scope)
        is_good = status is not None and status < 400
        write = self.log.debug if route in _QUIET and is_good else self.log.info
        write(
            "http_request",
            method=scope["method"],
            route=route,
            status=status,  # None: the connection ended before an answer
            duration_ms=round(duration_seconds * 1000, 3),
            request_id=request_id_of(scope),
            actor_id=actor_id_of(scope),
        )
