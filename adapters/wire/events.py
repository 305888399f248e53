"""The one JSON form of domain events. `kind` names the type; fields are added, never renamed or taken away."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

import msgspec

from domain.alert.events import AlertCleared, AlertExpired, AlertFlapped, AlertJoined
from domain.escalation.events import (
    EscalationExhausted,
    EscalationFallBackPaged,
    EscalationMoved,
    EscalationStepReached,
    EscalationStepSkipped,
    EscalationStopped,
)
from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAcknowledgementExpired,
    IncidentAnnotated,
    IncidentCauseSuspected,
    IncidentEscalated,
    IncidentFollowed,
    IncidentMuted,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentResponderAccepted,
    IncidentResponderDeclined,
    IncidentRespondersAsked,
    IncidentRetitled,
    IncidentSeverityChanged,
    IncidentSnoozed,
    IncidentSnoozeEnded,
    IncidentTakenOver,
    IncidentTriggered,
    IncidentUnacknowledged,
    IncidentUnmuted,
    IncidentUrgencyRaised,
    IncidentWorsened,
)
from domain.notification.events import NotificationFailed, NotificationSent
from domain.oncall.events import CoverAccepted, CoverDeclined, CoverExpired, CoverRequested, CoverWithdrawn
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId
from domain.subscription.events import SubscriptionDisabled, SubscriptionPinged

KINDS: Mapping[str, type[DomainEvent]] = {
    event.kind: event
    for event in (
        AlertCleared,
        AlertExpired,
        AlertFlapped,
        AlertJoined,
        CoverAccepted,
        CoverDeclined,
        CoverExpired,
        CoverRequested,
        CoverWithdrawn,
        EscalationExhausted,
        EscalationFallBackPaged,
        EscalationMoved,
        EscalationStepReached,
        EscalationStepSkipped,
        EscalationStopped,
        IncidentAcknowledged,
        IncidentAcknowledgementExpired,
        IncidentAnnotated,
        IncidentCauseSuspected,
        IncidentEscalated,
        IncidentFollowed,
        IncidentMuted,
        IncidentWorsened,
        IncidentReassigned,
        IncidentReopened,
        IncidentResolved,
        IncidentResponderAccepted,
        IncidentResponderDeclined,
        IncidentRespondersAsked,
        IncidentRetitled,
        IncidentSeverityChanged,
        IncidentSnoozed,
        IncidentSnoozeEnded,
        IncidentTakenOver,
        IncidentTriggered,
        IncidentUnacknowledged,
        IncidentUnmuted,
        IncidentUrgencyRaised,
        NotificationFailed,
        NotificationSent,
        SubscriptionDisabled,
        SubscriptionPinged,
    )
}

# Those that belong to an incident, and so to a team
INCIDENT_KINDS = frozenset(
    kind for kind, event in KINDS.items() if any(field.name == "incident_id" for field in fields(event))
)

_encoder = msgspec.json.Encoder()
_decoders = {kind: msgspec.json.Decoder(event) for kind, event in KINDS.items()}


def encode(event: DomainEvent) -> bytes:
    return _encoder.encode(event)


def encode_many(events: Iterable[DomainEvent]) -> bytes:
    """A list of pairs, each a kind and the event."""
    return _encoder.encode([(event.kind, event) for event in events])


def decode(kind: str, body: bytes) -> DomainEvent:
    """Raises `KeyError` for a kind that this version does not know."""
    return _decoders[kind].decode(body)


def from_builtins(kind: str, body: object) -> DomainEvent:
    """From JSON that is already parsed. Raises `KeyError` for a kind that this version does not know."""
    return msgspec.convert(body, KINDS[kind], strict=False)


def incident_of(event: DomainEvent) -> IncidentId | None:
    return getattr(event, "incident_id", None)
