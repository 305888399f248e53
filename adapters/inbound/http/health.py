"""Whether the process lives, whether it may be sent work, and what it is."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import msgspec
import structlog
from litestar import get
from litestar.handlers import HTTPRouteHandler

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.problem import RequestError

# The names of what is amiss: the database, its schema, a shutdown under way. None of them: ready.
type ReadinessCheck = Callable[[], Awaitable[Sequence[str]]]

_log = structlog.get_logger()


class HealthBody(msgspec.Struct):
    status: str


class VersionBody(msgspec.Struct):
    version: str


@get("/healthz", opt=PUBLIC, tags=["system"])
async def health() -> HealthBody:
    """The process answers. Depends on nothing."""
    return HealthBody("alive")


def ready_handler(check: ReadinessCheck) -> HTTPRouteHandler:
    """`GET /readyz`: 200 when work may come, 503 when not. Says what is amiss to the log, not to the world."""

    @get("/readyz", opt=PUBLIC, tags=["system"])
    async def readiness() -> HealthBody:
        """Whether this process may be sent requests: 200, or 503 while something that it needs is missing."""
        amiss = list(await check())
        if amiss:
            _log.warning("not_ready", amiss=amiss)
            detail = "Something that is needed is missing; the log says what."
            raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", detail, headers={"Retry-After": "1"})
        return HealthBody("ready")

    return readiness


def version_handler(version: str) -> HTTPRouteHandler:
    """`GET /version`, for those who have logged in: a banner helps an attacker most."""

    @get("/version", tags=["system"])
    async def show_version() -> VersionBody:
        """Which version this is."""
        return VersionBody(version)

    return show_version
