"""The one form of events that wait for storage to come back: compressed JSON in base64, as a queue takes it.

The key of their integration is there as its hash only, which finds the integration again and lets nobody in.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID
from zlib import compress, decompressobj, error

import msgspec
from msgspec import Meta, Struct

from application.alert.routed import ReceivedEvent
from application.ports.intake import RawEvent
from domain.alert.alert_event import AlertEvent
from domain.shared.ids import IntegrationId

VERSION: Final = 1
# Of what a message of a queue can hold: a compressed bomb in the queue would be somebody else's.
_MOST_BYTES: Final = 64 * 1024 * 1024
_QUICKLY: Final = 1


class UnreadableSpillError(Exception):
    """It is none of ours."""


class SpilledBody(Struct, frozen=True):
    """A body as it came, and the event with which it begins."""

    place: int
    received_at: datetime
    format: str
    body: bytes
    trace: str | None = None


class Spilled(Struct, frozen=True):
    """Events of one integration, in their order."""

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    integration_id: UUID
    key_hash: bytes
    events: tuple[AlertEvent, ...]
    bodies: tuple[SpilledBody, ...]

    def raw_events(self) -> tuple[RawEvent | None, ...]:
        """For each event, the body that begins with it. Their ids are to be replaced by new ones."""
        begun = {each.place: each for each in self.bodies}
        return tuple(self._raw_of(begun.get(place)) for place in range(len(self.events)))

    def _raw_of(self, body: SpilledBody | None) -> RawEvent | None:
        if body is None:
            return None
        return RawEvent(
            id=UUID(int=0),
            integration_id=IntegrationId(self.integration_id),
            received_at=body.received_at,
            format=body.format,
            body=body.body,
            trace=body.trace,
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
            SpilledBody(place, received.raw.received_at, received.raw.format, received.raw.body, received.raw.trace)
            for place, received in enumerate(batch)
            if received.raw is not None
        ),
    )
    return b64encode(compress(msgspec.json.encode(spilled), _QUICKLY)).decode()


def decoded(text: bytes) -> Spilled:
    """Raises `UnreadableSpillError`."""
    try:
        document = decompressobj().decompress(b64decode(text, validate=True), _MOST_BYTES)
        return _DECODER.decode(document)
    except (ValueError, error, msgspec.MsgspecError) as reason:
        raise UnreadableSpillError(f"is no spilled event: {reason}") from reason


_DECODER: Final = msgspec.json.Decoder(Spilled)
