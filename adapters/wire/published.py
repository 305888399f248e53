"""What subscribers are sent: an event in its one JSON form, and an outline of its incident. `docs/webhooks.md`."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from application.ports.event_deliveries import IncidentOutline, LeasedDelivery

VERSION: Final = 1  # of the form; it goes up only for what an older reader would misread

_encoder: Final = msgspec.json.Encoder()


def body_of(leased: LeasedDelivery) -> bytes:
    """Compact JSON in UTF-8: the bytes that are signed and sent."""
    event: dict[str, Any] = msgspec.to_builtins(leased.event)
    data = {
        "version": VERSION,
        "position": f"{leased.delivery.transaction}-{leased.delivery.sequence}",
        "event": event,
        "incident": None if leased.incident is None else _outline(leased.incident),
    }
    return _encoder.encode({"type": leased.event.kind, "timestamp": _text_of(leased.event.at), "data": data})


def labels_of(leased: LeasedDelivery) -> dict[str, str]:
    """What is told beside the body, which stays the same over attempts."""
    return {
        "tocsin-attempt": str(leased.delivery.attempts),
        "tocsin-may-be-repeat": str(leased.delivery.may_be_repeat).lower(),
    }


def trace_of(leased: LeasedDelivery) -> str | None:
    """The trace that its incident began with, which whoever receives it goes on with."""
    return None if leased.incident is None else leased.incident.trace


def _outline(incident: IncidentOutline) -> dict[str, Any]:
    """As it is when it is sent; `version` tells which of two is newer."""
    return {
        "id": str(incident.id),
        "number": incident.number,
        "version": incident.version,
        "title": incident.title,
        "status": incident.status.value,
        "severity": incident.severity.value,
        "urgency": incident.urgency.value,
        "service": {"id": str(incident.service_id), "name": incident.service_name},
        "team_id": str(incident.team_id),
        "triggered_at": _text_of(incident.triggered_at),
    }


def _text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
