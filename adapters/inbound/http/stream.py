"""Events as they commit. WHATWG HTML, 9.2, Server-sent events."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from adapters.inbound.http.event_hub import EventHub, Signal, Subscription
from adapters.wire import events as wire
from application.authorize import require
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.event_log import EventPosition, LoggedEvent
from application.ports.randomness import Randomness
from domain.identity.actor import Actor
from domain.identity.role import Permission

KEEP_ALIVE: Final = timedelta(seconds=15)  # proxies cut a connection that is silent for 30 to 60 s
# A viewer has to show its credential again this often: it may have been taken away meanwhile.
LONGEST: Final = timedelta(minutes=15)
RETRY_MILLISECONDS: Final = 3_000
_POSITION_DIGITS: Final = 19  # of a 64-bit number

HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_encoder: Final = msgspec.json.Encoder()


def position_text(position: EventPosition) -> str:
    """How a position is written for clients: `<transaction>-<sequence>`."""
    return f"{position.transaction}-{position.sequence}"


def read_position(text: str) -> EventPosition | None:
    """None when it is no position of ours."""
    transaction, _, sequence = text.partition("-")
    if all(_is_number(part) for part in (transaction, sequence)):
        position = EventPosition(int(transaction), int(sequence))
        return position if max(position) < 2**63 else None
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _POSITION_DIGITS


class StreamController(Controller):
    path = "/v1/stream"
    tags = ("stream",)

    @get(media_type="text/event-stream")
    async def stream(
        self,
        actor: FromDishka[Actor],
        hub: FromDishka[EventHub],
        clock: FromDishka[Clock],
        randomness: FromDishka[Randomness],
        last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=64)] = None,
        resume_after: Annotated[str | None, QueryParameter(name="last_event_id", max_length=64)] = None,
    ) -> Stream:
        """Incidents' events as they commit, as server-sent events; `Last-Event-ID` resumes after that event.

        `event: reset` says that events were missed: read the lists again. `event: drain` says that this server is
        about to stop: connect again. A stream ends after a quarter of an hour; connect again with the last id.
        """
        require(actor, Permission.READ)
        retry = RETRY_MILLISECONDS + int(randomness.fraction() * RETRY_MILLISECONDS)  # so that not all come at once
        told = told_to_viewer(hub, resume=last_event_id or resume_after, clock=clock, retry=retry)
        return Stream(told, media_type="text/event-stream", headers=HEADERS)


async def told_to_viewer(hub: EventHub, *, resume: str | None, clock: Clock, retry: int) -> AsyncGenerator[bytes]:
    """The bytes of one stream, until the process drains, the stream is old, or the log cannot be read.

    It then just ends, and the viewer comes back with its last id: a status of failure would keep a browser away.
    """
    ends_at = clock.now() + LONGEST
    yield _retry(retry)
    with suppress(PortError), await hub.subscribe() as subscription:
        async for told, position in _told(hub, subscription, resume):
            if told is Signal.DRAIN:
                yield _message("drain", {}, position=None) + _retry(retry)  # the last id stays: more may follow it
                return
            if shown := _shown(told, position=position):
                yield shown
            if clock.now() >= ends_at:
                return


async def _told(
    hub: EventHub, subscription: Subscription, resume: str | None
) -> AsyncIterator[tuple[LoggedEvent | Signal, EventPosition]]:
    start = subscription.position
    if resume is None:
        yield Signal.READY, start
    elif (after := read_position(resume)) is None:
        yield Signal.RESET, start
    else:
        async for replayed in hub.replay(subscription, after):
            yield replayed, start
    while True:
        yield await subscription.next(most=KEEP_ALIVE), subscription.position


def _shown(told: LoggedEvent | Signal, *, position: EventPosition) -> bytes:
    if told is Signal.QUIET:
        return b": keep-alive\n\n"
    if isinstance(told, Signal):
        return _message(told.value, {}, position=position)
    if wire.incident_of(told.event) is None:
        return b""
    data = {"position": position_text(told.position), "kind": told.event.kind, **_members(told.event)}
    return _message(told.event.kind, data, position=told.position)


def _retry(milliseconds: int) -> bytes:
    return f"retry: {milliseconds}\n\n".encode()


def _members(event: object) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(event)
    return members


def _message(name: str, data: dict[str, Any], *, position: EventPosition | None) -> bytes:
    place = b"" if position is None else f"id: {position_text(position)}\n".encode()
    return place + b"event: " + name.encode() + b"\ndata: " + _encoder.encode(data) + b"\n\n"
