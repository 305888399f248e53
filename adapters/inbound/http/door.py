"""What every door for senders does with a request: read it within its limits, and answer it.

What goes wrong is answered here, so that no door forgets one of the ways: too much, storage away, a fault of ours.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Final, Protocol

import structlog

from adapters import tracing
from adapters.inbound.http.answer import Answer
from adapters.inbound.http.asgi import Receive, Scope, Send
from adapters.inbound.intake.inflate import NotGzipError, TooLongError, inflated
from adapters.inbound.intake.metrics import IntakeMetrics
from application.errors import RateLimitedError
from application.ports.errors import TransientPortError

# A client that sends slower than this is cut off.
BODY_SECONDS: Final = 10.0
RETRY_AFTER_SECONDS: Final = 1

_log = structlog.get_logger()


class Refused(Exception):  # noqa: N818  # an answer that ends the work on a request, not a fault
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Door(Protocol):
    """How long a body may be, and what a refusal looks like to those who come this way."""

    @property
    def name(self) -> str:
        """In metrics and logs."""

    @property
    def limit_bytes(self) -> int: ...

    @property
    def throttled(self) -> HTTPStatus:
        """Said to whoever sends too much: the status after which senders of this kind come again."""

    def refusal(self, status: HTTPStatus, reason: str, *, retry_after_seconds: int | None = None) -> Answer:
        """With a time: nothing was stored, and it is worth another try then."""


async def answer_or_excuse(door: Door, work: Awaitable[Answer], metrics: IntakeMetrics) -> Answer:
    """What the work ends with: its answer, its refusal, or in the door's own words what it failed with."""
    try:
        answer = await work
    except Refused as refused:
        answer = refused.answer
    except RateLimitedError as error:
        metrics.throttled.labels(door.name).inc()
        reason = "more is sent here than may be; nothing was stored, send it again"
        wait_seconds = max(1, ceil(error.retry_after.total_seconds()))
        answer = door.refusal(door.throttled, reason, retry_after_seconds=wait_seconds)
    except TransientPortError as error:
        _log.warning("intake_unavailable", door=door.name, reason=str(error))
        reason = "nothing was stored just now, send it again"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        answer = door.refusal(status, reason, retry_after_seconds=RETRY_AFTER_SECONDS)
    except Exception:  # noqa: BLE001  # the sender gets an answer in its own shape
        _log.exception("intake_failed", door=door.name)
        answer = door.refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a fault of ours; nothing was stored")
    tracing.note_door(door.name)
    metrics.answered(door.name, answer.status).inc()
    return answer


async def read_body(scope: Scope, receive: Receive, door: Door) -> bytes:
    """As it was before it was compressed, if it was: the limit holds for both.

    Raises `Refused`: too long, too slow, gone, or no gzip.
    """
    coding = (header(scope, b"content-encoding") or "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip"}:  # RFC 9110, 8.4.1
        refusal = door.refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compress bodies with gzip, or not at all")
        raise Refused(refusal._replace(headers=((b"accept-encoding", b"gzip"),)))
    body = await _received(scope, receive, door)
    if coding == "identity":
        return body
    try:
        return await asyncio.to_thread(inflated, body, most=door.limit_bytes)
    except TooLongError:
        raise Refused(_too_long(door)) from None
    except NotGzipError as error:
        raise Refused(door.refusal(HTTPStatus.BAD_REQUEST, f"the body is no gzip: {error}")) from None


async def _received(scope: Scope, receive: Receive, door: Door) -> bytes:
    announced = header(scope, b"content-length")
    if announced is not None and announced.isdecimal() and int(announced) > door.limit_bytes:
        raise Refused(_too_long(door))
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, door)
    except TimeoutError:
        raise Refused(door.refusal(HTTPStatus.REQUEST_TIMEOUT, f"the body took over {BODY_SECONDS:g} s")) from None


def header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def headers_of(scope: Scope) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def send_answer(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    if answer.retry_after_seconds is not None:
        headers.append((b"retry-after", str(answer.retry_after_seconds).encode()))
    if answer.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Bearer realm="tocsin"'))
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _read(receive: Receive, door: Door) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):  # almost always
        if message["type"] == "http.disconnect":
            raise Refused(Answer(HTTPStatus.BAD_REQUEST, b""))
        if len(body) > door.limit_bytes:
            raise Refused(_too_long(door))
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(Answer(HTTPStatus.BAD_REQUEST, b""))
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > door.limit_bytes:
            raise Refused(_too_long(door))
    return b"".join(parts)


def _too_long(door: Door) -> Answer:
    reason = f"the body is too long; allowed are {door.limit_bytes} bytes"
    return door.refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
