"""Bodies that were kept, read once more: by their protocol, and by those headers that it reads.

Whether one is as signed is not asked again: it was taken because it was, and the signature is not kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Final
from uuid import UUID, uuid5

import msgspec

from adapters.inbound.http import opsgenie as opsgenie_door
from adapters.inbound.http import sns as sns_door
from adapters.inbound.http.senders import SENDERS, Sender
from adapters.inbound.intake import cloudwatch, message, native, opsgenie, pagerduty, sns
from adapters.inbound.intake.alertmanager import REPLICA_LABELS
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.message import INTEGRATION_KEY_ATTRIBUTE
from adapters.inbound.intake.sent import Sent
from application.alert.consume import RAW_FORMAT
from application.ports.alert_requests import NamedBy, RequestedAction
from application.ports.kept_bodies import BodyReader, KeptBody, Reading
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.service.integration import GroupingMode, Integration, IntegrationKind

type Events = tuple[AlertEvent, ...]
type NewKey = Callable[[], str]

_BY_NAME: Final = {sender.name: sender for sender in SENDERS}
_ANY_KEY: Final = "-"  # in the place of the integration's, which is not kept
_ANSWERS: Final = {
    RequestedAction.ACKNOWLEDGE: AlertAction.ACKNOWLEDGE,
    RequestedAction.CLOSE: AlertAction.RESOLVE,
}


class _Order(msgspec.Struct):
    """A request of Opsgenie's about an alert, as its door keeps it with how its path named the alert."""

    action: RequestedAction
    identifier: str
    identifier_type: NamedBy


_ORDER: Final = msgspec.json.Decoder(_Order)


@dataclass(frozen=True, slots=True)
class KeptBodyReader(BodyReader):
    def read(self, kept: KeptBody, integration: Integration) -> Reading:
        try:
            events, again = (_events(kept, integration, salt=salt) for salt in ("", "again"))
        except MalformedEventError as error:
            return Reading(refusal=str(error))
        # What differs was made by us: the sender gave no key.
        was_made = [event.dedup_key != other.dedup_key for event, other in zip(events, again, strict=True)]
        if not any(was_made) or len(kept.verdicts) != len(events):
            return Reading(events)
        return Reading(
            tuple(
                replace(event, dedup_key=verdict.dedup_key) if is_made else event
                for event, verdict, is_made in zip(events, kept.verdicts, was_made, strict=True)
            )
        )


def _events(kept: KeptBody, integration: Integration, *, salt: str) -> Events:
    """Raises `MalformedEventError`."""
    new_key = _keys_of(kept.id, salt)
    # What was set aside does not say what it was meant to be: what its integration is for.
    spoken = kept.format if kept.refusal is None else integration.kind.value
    match spoken:
        case IntegrationKind.PAGERDUTY:
            return (pagerduty.translate_queued(kept.body, new_key=new_key, integration_key=_ANY_KEY).event,)
        case IntegrationKind.NATIVE:
            return native.translate(kept.body, new_key=new_key)
        case opsgenie_door.DOOR:
            return _of_opsgenie(kept.body, new_key)
        case sns_door.DOOR:
            posted = sns.posted(kept.body)
            published = posted.members["Message"].encode("utf-8", "replace")
            return cloudwatch.translate(published, topic_arn=posted.topic_arn)
        case queue if queue == RAW_FORMAT:
            return message.translate(
                kept.body,
                attributes={**kept.headers, INTEGRATION_KEY_ATTRIBUTE: _ANY_KEY},
                message_key=f"{kept.id}{salt}",
                mode="group" if integration.grouping is GroupingMode.PER_GROUP else "alert",
                ignore_labels=REPLICA_LABELS,
            ).events
        case name if name in _BY_NAME:
            return _sent(_BY_NAME[name], kept, integration)
        case _:
            raise MalformedEventError([FieldError("", f"bodies of the kind {spoken!r} are not replayed")])


def _sent(sender: Sender, kept: KeptBody, integration: Integration) -> Events:
    sent = Sent(
        body=kept.body,
        received_at=kept.received_at,
        headers=kept.headers,
        grouping=integration.grouping,
        ignore_labels=REPLICA_LABELS,
        mapping=integration.mapping,
    )
    try:
        return sender.translate(sent).events
    except MalformedEventError:
        if "GET" not in sender.methods:
            raise
        # Of a request without a body its query was kept.
        return sender.translate(replace(sent, body=b"", query=kept.body.decode("latin-1"))).events


def _of_opsgenie(body: bytes, new_key: NewKey) -> Events:
    try:
        order = _ORDER.decode(body)
    except msgspec.MsgspecError:
        return (opsgenie.create(body, new_key=new_key).event,)
    action = _ANSWERS.get(order.action)
    if action is None:
        return ()
    if order.identifier_type is not NamedBy.ALIAS:
        raise MalformedEventError([FieldError("/identifier", "names an alert by its id, which another one has now")])
    return (AlertEvent(action=action, dedup_key=opsgenie.key_of(order.identifier)),)


def _keys_of(body_id: UUID, salt: str) -> NewKey:
    """The same for every reading of the body."""
    numbers: Iterator[int] = count()
    return lambda: str(uuid5(body_id, f"{salt}/{next(numbers)}"))
