"""A message from a queue: which protocol it speaks, whose it is, and what it says."""

from collections.abc import Mapping
from itertools import count
from typing import Final, NamedTuple
from uuid import UUID, uuid5

import msgspec

from adapters.inbound.intake import alertmanager, clean, cloudwatch, mail, native, pagerduty
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.reading import read
from domain.alert.alert_event import AlertEvent

FORMAT_ATTRIBUTE: Final = "tocsin-format"
INTEGRATION_KEY_ATTRIBUTE: Final = "tocsin-integration-key"
FORMATS: Final = ("pagerduty", "alertmanager", "cloudwatch", "native", "email")

# Names what is derived from it for ever: a redelivery after an upgrade must derive the same key.
_NAMESPACE: Final = UUID("6f0e2c1a-94d7-5b38-8f6d-2f1f7c0a9e53")


class Translated(NamedTuple):
    routing_key: str | None  # None: the message does not say, so the queue must
    events: tuple[AlertEvent, ...]


class _Signs(msgspec.Struct):
    """The members by which the protocols are told apart."""

    routing_key: object = None
    event_action: object = None
    alerts: object = None
    groupKey: object = None  # noqa: N815 the wire's name
    integration_key: object = None
    AlarmName: object = None
    NewStateValue: object = None
    source: object = None
    detail: object = None
    notificationType: object = None  # noqa: N815
    receipt: object = None


_DECODER: Final = msgspec.json.Decoder(_Signs)


def translate(
    body: bytes,
    *,
    attributes: Mapping[str, str],
    message_key: str,
    mode: alertmanager.Mode = "alert",
    ignore_labels: frozenset[str] = frozenset(),
) -> Translated:
    """The events of one message, the same for every delivery of it.

    `message_key` names the published message across deliveries (SNS message id, else SQS message id). A trigger
    without a key of its own gets one derived from it, so that a redelivery repeats the alert and opens no second one.

    Raises:
        MalformedEventError: its `routing_key` says whose dead letter it is, as far as the message says.
    """
    signs = read(_DECODER, body)
    attribute_key = clean.text(attributes.get(INTEGRATION_KEY_ATTRIBUTE, "")).strip()
    body_key = clean.scalar(signs.integration_key).strip()
    integration_key = attribute_key or body_key or None
    try:
        spoken = _format(signs, attributes)
        if spoken == "pagerduty":
            queued = pagerduty.translate_queued(
                body, new_key=_DerivedKeys(message_key), integration_key=integration_key
            )
            return Translated(queued.routing_key, (queued.event,))
        if spoken == "email":
            return _mailed(body, integration_key)
        if integration_key is None:
            integration_key = clean.scalar(signs.routing_key).strip() or None
        events: tuple[AlertEvent, ...]
        if spoken == "cloudwatch":
            events = cloudwatch.translate(body)
        elif spoken == "alertmanager":
            events = alertmanager.translate(body, mode=mode, ignore_labels=ignore_labels)
        else:
            events = _native(body, message_key)
    except MalformedEventError as error:
        error.routing_key = error.routing_key or integration_key
        raise
    return Translated(integration_key, events)


def _format(signs: _Signs, attributes: Mapping[str, str]) -> str:
    named = attributes.get(FORMAT_ATTRIBUTE, "").strip().lower()
    if named:
        if named not in FORMATS:
            raise MalformedEventError(
                [FieldError("", f"the attribute {FORMAT_ATTRIBUTE} must be one of {', '.join(FORMATS)}")]
            )
        return named
    if signs.alerts is not None and signs.groupKey is not None:
        return "alertmanager"
    if signs.notificationType is not None and signs.receipt is not None:
        return "email"
    if signs.routing_key is not None or signs.event_action is not None:
        return "pagerduty"
    if signs.AlarmName is not None and signs.NewStateValue is not None:
        return "cloudwatch"
    if signs.source == cloudwatch.EVENTBRIDGE_SOURCE and isinstance(signs.detail, dict):
        return "cloudwatch"
    return "native"


def _mailed(body: bytes, integration_key: str | None) -> Translated:
    """What SES took, whose recipient says whose it is when the message does not."""
    recipients, content = mail.of_ses(body)
    key = integration_key or next((key for key in map(mail.key_in, recipients) if key), None)
    try:
        return Translated(key, (mail.event_of(content),))
    except MalformedEventError as error:
        error.routing_key = key
        raise


def _native(body: bytes, message_key: str) -> tuple[AlertEvent, ...]:
    # The key of the integration is ours in a queue, where HTTP has a header for it.
    members = {
        name: member for name, member in native.document(body).items() if name not in {"integration_key", "routing_key"}
    }
    return native.of_document(members, new_key=_DerivedKeys(message_key))


class _DerivedKeys:
    """The n-th key for a message is always the same."""

    def __init__(self, message_key: str) -> None:
        self._message_key = message_key
        self._numbers = count()

    def __call__(self) -> str:
        return str(uuid5(_NAMESPACE, f"{self._message_key}\n{next(self._numbers)}"))
