"""Rate, errors and duration of each route, by its template: a path would make a series of every id."""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from dishka.integrations.litestar import FromDishka
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from adapters.inbound.http.asgi import App, Message, Receive, Scope, Send
from adapters.inbound.http.request_context import route_of
from application.authorize import require
from domain.identity.actor import Actor
from domain.identity.role import Permission

# Prometheus text exposition format, version 0.0.4
_EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class HttpMetrics:
    """The series of one registry; made once for each."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route", "status")
        self.requests = Counter("tocsin_http_requests", "Requests answered", labels, registry=registry)
        self.duration = Histogram(
            "tocsin_http_request_duration_seconds",
            "From the first byte of the request to the last of the answer",
            ("method", "route"),
            registry=registry,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge("tocsin_http_requests_in_flight", "Requests not answered yet", registry=registry)


@dataclass(frozen=True, slots=True)
class MeasureRequests:
    app: App
    metrics: HttpMetrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = "aborted"

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(int(message["status"]))
            await send(message)

        self.metrics.in_flight.inc()
        started = perf_counter()
        try:
            await self.app(scope, receive, send_and_see)
        finally:
            self.metrics.in_flight.dec()
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            route = route_of(scope)
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.duration.labels(method, route).observe(perf_counter() - started)


def metrics_handler(registry: CollectorRegistry) -> HTTPRouteHandler:
    """`GET /metrics` for whoever may read."""

    @get("/metrics", media_type="text/plain", tags=["system"])
    async def metrics(actor: FromDishka[Actor]) -> Response[bytes]:
        """Everything this process counts, in the Prometheus text format."""
        require(actor, Permission.READ)
        return Response(generate_latest(registry), headers={"Content-Type": _EXPOSITION})

    return metrics
