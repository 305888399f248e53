"""SNS to SQS: the published text may come bare, or inside the envelope of SNS. EventBridge's events always come bare.

Amazon SNS developer guide, "Parsing Amazon SNS message formats" and "raw message delivery"; Amazon EventBridge
user guide, "Event structure".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from adapters.inbound.intake import clean
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.reading import read


class Envelope(NamedTuple):
    """What was published, and what SNS or EventBridge says about it; the latter is absent when the text came bare."""

    body: bytes
    published_id: str | None = None  # the same for every delivery of one published message
    topic_arn: str | None = None
    attributes: Mapping[str, str] = MappingProxyType({})


class _Notification(msgspec.Struct):
    Type: object = None
    TopicArn: object = None
    Message: object = None
    MessageId: object = None
    MessageAttributes: object = None
    # Of an event of EventBridge.
    id: object = None
    source: object = None
    detail_type: object = msgspec.field(default=None, name="detail-type")


_DECODER: Final = msgspec.json.Decoder(_Notification)


def unwrap(body: str) -> Envelope:
    """The published text, unwrapped once at most: an envelope in an envelope is somebody's payload. Never raises."""
    bare = body.encode("utf-8", "replace")
    try:
        found = read(_DECODER, bare)
    except MalformedEventError:
        return Envelope(bare)
    if found.Type != "Notification" or not isinstance(found.TopicArn, str) or not isinstance(found.Message, str):
        return Envelope(bare, published_id=_eventbridge_id(found))
    return Envelope(
        body=found.Message.encode("utf-8", "replace"),
        published_id=clean.scalar(found.MessageId) or None,
        topic_arn=clean.text(found.TopicArn),
        attributes=attributes_of(found.MessageAttributes),
    )


def _eventbridge_id(found: _Notification) -> str | None:
    """EventBridge delivers at least once, each time as another message of the queue."""
    is_event = isinstance(found.source, str) and isinstance(found.detail_type, str) and isinstance(found.id, str)
    return clean.text(str(found.id)) or None if is_event else None


def attributes_of(values: object) -> dict[str, str]:
    """The `MessageAttributes` of SNS that have text for a value, whatever else is there."""
    if not isinstance(values, dict):
        return {}
    return {
        clean.text(name): clean.text(value["Value"])
        for name, value in values.items()
        if isinstance(value, dict) and isinstance(value.get("Value"), str)
    }
