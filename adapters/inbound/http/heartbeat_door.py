"""Signs of life: `/v1/heartbeats/<key>`, and the same with `/start`, `/success`, `/fail`, `/log` or an exit status.

As Healthchecks takes them, so that what pings it pings us: by GET, HEAD or POST, with whatever body, which is
what a run said. The key is all that lets in; it begins with `hb_`, by which it is told from the id of a heartbeat.
"""

import asyncio
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
import structlog

from adapters.inbound.http.answer import Answer
from adapters.inbound.http.asgi import App, Receive, Scope, Send
from adapters.inbound.http.door import Refused, answer_or_excuse, read_body, send_answer
from adapters.inbound.intake import clean
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.pings import Pings, Taken
from adapters.inbound.intake.targets import hash_of
from application.ports.clock import Clock
from application.ports.heartbeats import ReceivedPing
from domain.heartbeat.heartbeat import PingKind

LIMIT_BYTES: Final = 100_000  # as much as Healthchecks keeps; a longer body is let go, and the ping counts
AT_ONCE: Final = 4  # each is a transaction of its own
DOOR: Final = "heartbeat"

_PATH: Final = re.compile(r"/v1/heartbeats/(hb_[0-9a-f]{32})(?:/([a-z]+|[0-9]{1,3}))?/?")
METHODS: Final = ("GET", "HEAD", "POST")
_EXIT_STATUS_MAX: Final = 255
_TEXT: Final = b"text/plain; charset=utf-8"

_log = structlog.get_logger()


class _Signal(NamedTuple):
    key: str
    kind: PingKind
    exit_status: int | None = None


class _Notification(msgspec.Struct):
    """The members by which a notification of an Alertmanager is known."""

    alerts: list[object]
    status: str


_DECODER: Final = msgspec.json.Decoder(_Notification)


@dataclass(frozen=True, slots=True)
class HeartbeatDoor:
    """An ASGI application that takes pings, and hands every other request to `app`."""

    app: App
    allowances: Allowances
    pings: Pings
    clock: Clock
    metrics: IntakeMetrics
    name: str = DOOR
    limit_bytes: int = LIMIT_BYTES
    throttled: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE  # a watchdog's Alertmanager does not send a 429 again
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        work = self._answer(_signal(found[1], found[2]), scope, receive)
        await send_answer(send, await answer_or_excuse(self, work, self.metrics))

    def refusal(self, status: HTTPStatus, reason: str, *, retry_after_seconds: int | None = None) -> Answer:
        return Answer(status, reason.encode(), retry_after_seconds, content_type=_TEXT)

    async def _answer(self, signal: _Signal | None, scope: Scope, receive: Receive) -> Answer:
        received_at, method = self.clock.now(), scope["method"]
        if method not in METHODS:
            refusal = self.refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"ping with {', '.join(METHODS)}")
            raise Refused(refusal._replace(headers=((b"allow", ", ".join(METHODS).encode()),)))
        if signal is None:
            reason = "say nothing, start, success, fail, log, or an exit status from 0 to 255"
            raise Refused(self.refusal(HTTPStatus.BAD_REQUEST, reason))
        body = await self._body(scope, receive)
        kind = PingKind.FAIL if signal.kind is PingKind.SUCCESS and _is_over(body) else signal.kind
        output = clean.text(body.decode("utf-8", "replace"))
        key_hash = hash_of(signal.key)
        await self.allowances.spend_ping(key_hash)
        async with self._turns:
            taken = await self.pings.take(
                ReceivedPing(key_hash, kind, received_at, signal.exit_status, output, is_post=method == "POST")
            )
        if taken is Taken.NOBODYS:
            return self.refusal(HTTPStatus.NOT_FOUND, "no heartbeat has this key")
        if taken is Taken.POST_ONLY:
            refusal = self.refusal(HTTPStatus.METHOD_NOT_ALLOWED, "this heartbeat is pinged with POST")
            return refusal._replace(headers=((b"allow", b"POST"),))
        self.metrics.stored(DOOR).inc()
        anyone = ((b"access-control-allow-origin", b"*"),)
        return Answer(HTTPStatus.OK, b"" if method == "HEAD" else b"OK", content_type=_TEXT, headers=anyone)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Raises `Refused`. What a run said is of less account than that it did."""
        try:
            return await read_body(scope, receive, self)
        except Refused as refused:
            if refused.answer.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise
            return b""


def _signal(key: str, word: str | None) -> _Signal | None:
    """None: it is no signal."""
    if word is None:
        return _Signal(key, PingKind.SUCCESS)
    if word.isdecimal():
        status = int(word)
        if status > _EXIT_STATUS_MAX:
            return None
        return _Signal(key, PingKind.FAIL, status) if status else _Signal(key, PingKind.SUCCESS, 0)
    return _Signal(key, PingKind(word)) if word in set(PingKind) else None


def _is_over(body: bytes) -> bool:
    """A watchdog's alert, which always fires, has stopped: an Alertmanager says so by its webhook."""
    if not body.lstrip().startswith(b"{"):
        return False
    try:
        return _DECODER.decode(body).status == "resolved"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
