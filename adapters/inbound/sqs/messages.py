"""What comes out of a queue, and what it says.

SQS delivers at least once and in any order; what is sent again has a new MessageId. Which message it is and how old it
is are therefore read from the message first, and from the queue only when the message does not say.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from adapters import tracing
from adapters.inbound.intake import clean, message
from adapters.inbound.intake.alertmanager import REPLICA_LABELS, Mode
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.envelope import Envelope, unwrap
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.kept_headers import kept_headers
from adapters.inbound.intake.message import FORMAT_ATTRIBUTE, INTEGRATION_KEY_ATTRIBUTE, Translated
from adapters.inbound.intake.redact import redacted
from adapters.inbound.intake.targets import Targets
from application.alert.consume import QueuedMessage
from application.ports.clock import Clock
from application.ports.dead_letter_queue import MESSAGE_ID_ATTRIBUTE, REASON_ATTRIBUTE, SENT_AT_ATTRIBUTE, with_origin
from application.ports.intake import IntakeTarget
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.service.integration import GroupingMode

# A longer body takes milliseconds to translate, which nobody else on the loop should wait for.
QUICK_BYTES: Final = 100_000
MESSAGE_KEY_CHARACTERS: Final = 200
REASON_CHARACTERS: Final = 256

# SQS API reference, SendMessage, MessageBody: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF
_NOT_ALLOWED: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What the names end in comes first: a search for several characters is the quicker one, and every message is searched.
_KEY_MEMBER: Final = re.compile(
    rb'_key"(?:(?<="routing_key")|(?<="integration_key")|(?<="service_key"))\s*:\s*"((?:[^"\\]|\\.)+)"'
)
_MILLISECONDS: Final = re.compile(r"[0-9]{1,14}")
# A trigger that has waited longer pages nobody: what it tells of is over, or has been seen by other means. Such
# triggers come from a queue that was blocked, or were set aside and are sent back. Resolves are done at any age.
OLDEST_TRIGGER: Final = timedelta(hours=24)
_AGES_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt of one message."""

    message_id: str
    receipt_handle: str
    body: str
    envelope: Envelope
    attributes: Mapping[str, str]  # of the message, then of the envelope around it
    own_attributes: Mapping[str, Mapping[str, Any]]  # as the queue has them
    sent_at: datetime  # the first time, if it has been set aside and sent back
    receives: int  # this one included
    group_id: str | None

    def __repr__(self) -> str:
        """Without what it says, in which its sender's key may be, and without its handle."""
        return f"Delivery(message_id={self.message_id!r}, sent_at={self.sent_at!r}, receives={self.receives!r})"

    @property
    def key(self) -> str:
        """Names the message across deliveries."""
        key = self.envelope.published_id or clean.text(self.attributes.get(MESSAGE_ID_ATTRIBUTE, "")).strip()
        if len(key) > MESSAGE_KEY_CHARACTERS:
            return hashlib.sha256(key.encode()).hexdigest()
        return key or self.message_id

    @property
    def trace_id(self) -> str | None:
        return tracing.trace_id_of(self.trace)

    @property
    def trace(self) -> str | None:
        return tracing.understood(self.attributes.get(tracing.HEADER))


def delivery_of(received: Mapping[str, Any]) -> Delivery:
    """One entry of the answer to ReceiveMessage."""
    system = received.get("Attributes", {})
    envelope = unwrap(received["Body"])
    own: Mapping[str, Mapping[str, Any]] = received.get("MessageAttributes", {})
    texts = {name: each["StringValue"] for name, each in own.items() if "StringValue" in each}
    attributes = {**envelope.attributes, **texts}
    sent_at = _time(system.get("SentTimestamp"))
    return Delivery(
        message_id=received["MessageId"],
        receipt_handle=received["ReceiptHandle"],
        body=received["Body"],
        envelope=envelope,
        attributes=attributes,
        own_attributes=own,
        sent_at=min(sent_at, _time(attributes.get(SENT_AT_ATTRIBUTE)) or sent_at) if sent_at else _AGES_AGO,
        receives=int(system.get("ApproximateReceiveCount", "1")),
        group_id=system.get("MessageGroupId"),
    )


def _time(milliseconds: str | None) -> datetime | None:
    if milliseconds is None or _MILLISECONDS.fullmatch(milliseconds) is None:
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReader:
    """Translates deliveries, finds whose they are, and whether their integration may send so much just now."""

    targets: Targets
    allowances: Allowances
    clock: Clock
    default_integration_key: str | None = field(default=None, repr=False)  # for messages that name none
    oldest_trigger: timedelta = OLDEST_TRIGGER
    ignore_labels: frozenset[str] = REPLICA_LABELS

    async def __call__(self, delivery: Delivery) -> QueuedMessage:
        """What it says, or why it says nothing to act on. Raises `RateLimitedError`, `TransientPortError`."""
        queued = await self._read(delivery)
        if queued.target is not None:
            await self.allowances.spend(queued.target.integration, len(queued.events))
        return queued

    async def _read(self, delivery: Delivery) -> QueuedMessage:
        try:
            translated = await self._translate(delivery)
        except MalformedEventError as error:
            target = None if error.routing_key is None else await self.targets.of(error.routing_key)
            return refused(delivery, str(error), key=error.routing_key, target=target)
        key = translated.routing_key or self.default_integration_key
        if key is None:
            return refused(delivery, "the message names no integration, and the queue has no default one")
        target = await self.targets.of(key)
        if target is None:
            return refused(delivery, "no integration has this key", key=key)
        if target.integration.grouping is GroupingMode.PER_GROUP:
            translated = await self._translate(delivery, mode="group")
        events, refusal = self._young_enough(delivery, translated.events)
        return QueuedMessage(
            message_key=delivery.key,
            body=_without_keys(delivery, key),
            target=target,
            events=events,
            refusal=refusal,
            trace=delivery.trace,
            headers=kept_headers(delivery.attributes, (FORMAT_ATTRIBUTE,), key=key),
        )

    async def _translate(self, delivery: Delivery, *, mode: Mode = "alert") -> Translated:
        def translate() -> Translated:
            return message.translate(
                delivery.envelope.body,
                attributes=delivery.attributes,
                message_key=delivery.key,
                mode=mode,
                ignore_labels=self.ignore_labels,
            )

        if len(delivery.envelope.body) <= QUICK_BYTES:
            return translate()
        return await asyncio.to_thread(translate)

    def _young_enough(
        self, delivery: Delivery, events: tuple[AlertEvent, ...]
    ) -> tuple[tuple[AlertEvent, ...], str | None]:
        if self.clock.now() - delivery.sent_at <= self.oldest_trigger:
            return events, None
        kept = tuple(event for event in events if is_done_at_any_age(event))
        if len(kept) == len(events):
            return events, None
        return kept, too_old(delivery, self.oldest_trigger)


def is_done_at_any_age(event: AlertEvent) -> bool:
    return event.action is not AlertAction.TRIGGER


def too_old(delivery: Delivery, oldest: timedelta) -> str:
    """Why its triggers are set aside."""
    hours = oldest / timedelta(hours=1)
    return f"a trigger sent at {delivery.sent_at:%Y-%m-%dT%H:%M:%SZ}, over {hours:g} h ago, pages nobody"


def refused(
    delivery: Delivery, reason: str, *, key: str | None = None, target: IntakeTarget | None = None
) -> QueuedMessage:
    """The whole message is nothing to act on."""
    return QueuedMessage(message_key=delivery.key, body=_without_keys(delivery, key), target=target, refusal=reason)


def _without_keys(delivery: Delivery, key: str | None) -> bytes:
    """What was published, less the key; in one that could not be read, keys are where they usually are."""
    body = delivery.envelope.body
    for secret in {key or "", delivery.attributes.get(INTEGRATION_KEY_ATTRIBUTE, "").strip()}:
        body = redacted(body, secret)
    for written in set(_KEY_MEMBER.findall(body)):
        body = body.replace(written, b"[redacted]")
    return body


def dead_letter_of(delivery: Delivery, reason: str, *, queue_url: str) -> dict[str, Any]:
    """SendMessage's parameters: the message as it came, its reason, and which it was and how old."""
    own = {name: _value(each) for name, each in delivery.own_attributes.items() if name != REASON_ATTRIBUTE}
    origin = {
        REASON_ATTRIBUTE: _text(sanitized(reason)),
        MESSAGE_ID_ATTRIBUTE: _text(delivery.message_id),
        SENT_AT_ATTRIBUTE: _text(str(int(delivery.sent_at.timestamp() * 1000))),
    }
    parameters = {
        "QueueUrl": queue_url,
        "MessageBody": delivery.body,
        "MessageAttributes": with_origin(own, origin),
    }
    if queue_url.endswith(".fifo"):
        parameters["MessageGroupId"] = delivery.group_id or delivery.message_id
        parameters["MessageDeduplicationId"] = delivery.message_id
    return parameters


def sanitized(reason: str) -> str:
    """Only characters that SQS takes, and never empty, which it does not take either."""
    return _NOT_ALLOWED.sub("\N{REPLACEMENT CHARACTER}", reason)[:REASON_CHARACTERS].strip() or "no reason"


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def _value(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """As it is sent: what is received may name members that a sender must not."""
    return {name: attribute[name] for name in ("DataType", "StringValue", "BinaryValue") if name in attribute}
