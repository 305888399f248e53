"""The span of a request, in the trace that its sender began, if it did."""

from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from adapters import tracing
from adapters.inbound.http.asgi import App, Message, Receive, Scope, Send
from adapters.inbound.http.request_context import header, route_of


@dataclass(frozen=True, slots=True)
class TracedRequests:
    """Stands in front of everything. A request without a trace, in a process that records none, passes untouched."""

    app: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        came_with = header(scope, tracing.HEADER.encode()) if scope["type"] == "http" else None
        if scope["type"] != "http" or (came_with is None and not tracing.is_recorded()):
            await self.app(scope, receive, send)
            return
        method: str = scope["method"]
        # A path has ids and keys in it, so only its template is told.
        attributes = {"http.request.method": method}
        with tracing.span(method, (came_with,), attributes=attributes, kind=SpanKind.SERVER) as span:

            async def send_noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self.app(scope, receive, send_noting)
            if "path_template" in scope:
                span.update_name(f"{method} {route_of(scope)}")
                span.set_attribute("http.route", route_of(scope))
