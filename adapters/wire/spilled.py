"""The one form of events that wait for storage to come back: compressed JSON in base64, as a queue takes it.

The key of their integration is there as its hash only, which finds the integration again and lets nobody in.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from uuid import UUID
from zlib import compress, decompressobj, error

import msgspec
from msgspec import Meta, Struct

from application.alert.routed import ReceivedEvent
from application.ports.alert_requests import AlertOrder, ReceivedRequest
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import DeadLetter, IntakeTarget, RawEvent, ReceivedChange
from domain.alert.alert_event import AlertEvent, ChangeEvent
from domain.shared.ids import IntegrationId

VERSION: Final = 1
# Of a message with what a reader of the first version would take for nothing: it makes a dead letter of it instead.
VERSION_WITH_OTHERS: Final = 2
VERSION_WITH_REQUESTS: Final = 3  # and what a reader of the second would
# Of what a message of a queue can hold: a compressed bomb in the queue would be somebody else's.
_MOST_BYTES: Final = 64 * 1024 * 1024
_QUICKLY: Final = 1
_NO_ID: Final = UUID(int=0)


class UnreadableSpillError(Exception):
    """It is none of ours."""


class SpilledBody(Struct, frozen=True):
    """A body as it came, and the event with which it begins."""

    place: int
    received_at: datetime
    format: str
    body: bytes
    trace: str | None = None
    headers: dict[str, str] = {}


class SpilledChange(Struct, frozen=True):
    id: UUID
    received_at: datetime
    change: ChangeEvent


class SpilledRequest(Struct, frozen=True):
    """What is asked about an alert, under the id by which its sender knows it."""

    id: UUID
    order: AlertOrder
    body: SpilledBody


class SpilledLetter(NamedTuple):
    """An array of six, as the version before reads it: a seventh it would refuse."""

    id: UUID
    integration_id: IntegrationId | None
    received_at: datetime
    source: str
    reason: str
    body: bytes


class Spilled(Struct, frozen=True):
    """Events of one integration, in their order, or one thing that is no event.

    A dead letter, and a sign of life, may be nobody's.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION_WITH_REQUESTS)]
    integration_id: UUID | None
    key_hash: bytes  # empty for a dead letter, whose sender is not asked about again
    events: tuple[AlertEvent, ...] = ()
    bodies: tuple[SpilledBody, ...] = ()
    change: SpilledChange | None = None
    letter: SpilledLetter | None = None
    letter_headers: dict[str, str] = {}  # beside it, where the version before looks for nothing
    request: SpilledRequest | None = None
    ping: ReceivedPing | None = None

    @property
    def first_body(self) -> bytes:
        """As it came; empty for what came in none."""
        bodies = self.bodies if self.request is None else (self.request.body,)
        return bodies[0].body if bodies else b""

    @property
    def dead_letter(self) -> DeadLetter | None:
        return None if self.letter is None else DeadLetter(*self.letter, self.letter_headers)

    def raw_events(self) -> tuple[RawEvent | None, ...]:
        """For each event, the body that begins with it. Their ids are to be replaced by new ones."""
        begun = {each.place: each for each in self.bodies}
        return tuple(self._raw_of(begun.get(place)) for place in range(len(self.events)))

    def request_to(self, target: IntakeTarget) -> ReceivedRequest | None:
        """What is asked, of whoever has its key now."""
        if self.request is None:
            return None
        raw = self._raw_of(self.request.body, self.request.id)
        return None if raw is None else ReceivedRequest(target, self.request.order, raw)

    def _raw_of(self, body: SpilledBody | None, raw_id: UUID = _NO_ID) -> RawEvent | None:
        if body is None or self.integration_id is None:
            return None
        return RawEvent(
            id=raw_id,
            integration_id=IntegrationId(self.integration_id),
            received_at=body.received_at,
            format=body.format,
            body=body.body,
            trace=body.trace,
            headers=body.headers,
        )


def encoded(batch: Sequence[ReceivedEvent]) -> str:
    """Events of one integration as text."""
    integration = batch[0].target.integration
    spilled = Spilled(
        version=VERSION,
        integration_id=integration.id,
        key_hash=integration.key_hash,
        events=tuple(received.event for received in batch),
        bodies=tuple(
            _body_of(received.raw, place=place) for place, received in enumerate(batch) if received.raw is not None
        ),
    )
    return _text_of(spilled)


def encoded_change(received: ReceivedChange) -> str:
    integration = received.target.integration
    return _text_of(
        Spilled(
            version=VERSION_WITH_OTHERS,
            integration_id=integration.id,
            key_hash=integration.key_hash,
            change=SpilledChange(received.id, received.received_at, received.change),
        )
    )


def encoded_request(received: ReceivedRequest) -> str:
    integration = received.target.integration
    return _text_of(
        Spilled(
            version=VERSION_WITH_REQUESTS,
            integration_id=integration.id,
            key_hash=integration.key_hash,
            request=SpilledRequest(received.raw.id, received.order, _body_of(received.raw)),
        )
    )


def encoded_ping(ping: ReceivedPing) -> str:
    return _text_of(Spilled(version=VERSION_WITH_REQUESTS, integration_id=None, key_hash=ping.key_hash, ping=ping))


def encoded_letter(letter: DeadLetter) -> str:
    return _text_of(
        Spilled(
            version=VERSION_WITH_OTHERS,
            integration_id=letter.integration_id,
            key_hash=b"",
            letter=SpilledLetter(*letter[:-1]),
            letter_headers=dict(letter.headers),
        )
    )


def _body_of(raw: RawEvent, *, place: int = 0) -> SpilledBody:
    return SpilledBody(place, raw.received_at, raw.format, raw.body, raw.trace, dict(raw.headers))


def _text_of(spilled: Spilled) -> str:
    return b64encode(compress(msgspec.json.encode(spilled), _QUICKLY)).decode()


def decoded(text: bytes) -> Spilled:
    """Raises `UnreadableSpillError`."""
    try:
        document = decompressobj().decompress(b64decode(text, validate=True), _MOST_BYTES)
        return _DECODER.decode(document)
    except (ValueError, error, msgspec.MsgspecError) as reason:
        raise UnreadableSpillError(f"is no spilled event: {reason}") from reason


_DECODER: Final = msgspec.json.Decoder(Spilled)
