"""Prometheus, which takes us for an Alertmanager: `POST /api/v2/alerts`.

Alertmanager: `api/v2/openapi.yaml`, `postableAlerts`; Prometheus: `notifier/manager.go`, `rules/manager.go`. A firing
alert comes again every minute, with an end that lies a few minutes ahead; a resolved one has an end in the past, and
comes again for a quarter of an hour. So what tells them apart is the end, compared with now, and never its presence.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.inbound.intake import clean, timestamps
from adapters.inbound.intake.alertmanager import AlertBody, Reported, Shared, event_of
from adapters.inbound.intake.errors import FieldError, MalformedEventError, pointer
from adapters.inbound.intake.limits import ALERTS_PER_BODY
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.fingerprint import fingerprint

# Alertmanager, `resolve_timeout`: for an alert that names no end
RESOLVE_TIMEOUT: Final = timedelta(minutes=5)
_DECODER: Final = msgspec.json.Decoder(object)
_SHARED: Final = Shared("Prometheus")


def translate(sent: Sent) -> Understood:
    """One event for each alert that is one; the others are refused, and cost their neighbours nothing.

    Raises:
        MalformedEventError: no list, or too many alerts.
    """
    values = read(_DECODER, sent.body)
    if not isinstance(values, list):
        raise MalformedEventError([FieldError("", "the body must be a JSON array of alerts")], unrecognized=True)
    if len(values) > ALERTS_PER_BODY:
        raise MalformedEventError([FieldError("", f"has more than {ALERTS_PER_BODY:,} alerts")])
    events, refused = [], []
    for index, value in enumerate(values):
        found = _reported(value, sent)
        if isinstance(found, Reported):
            event = event_of(found, _SHARED)
            events.append(replace(event, expires_at=_expires_at(found, sent.received_at)))
        else:
            refused.append(FieldError(pointer(index) + found.pointer, found.reason))
    return Understood(tuple(events), tuple(refused))


def _reported(value: object, sent: Sent) -> Reported | FieldError:
    if not isinstance(value, dict):
        return FieldError("", "must be an object")
    body = msgspec.convert(value, AlertBody)
    labels = clean.all_labels(body.labels)
    if not labels.keys() - sent.ignore_labels:
        return FieldError("/labels", "must hold at least one label")
    ends_at = timestamps.parse(body.endsAt)
    starts_at = timestamps.parse(body.startsAt) or ends_at or sent.received_at
    if ends_at is not None and ends_at < starts_at:
        return FieldError("/endsAt", "must not be before startsAt")
    body.startsAt = starts_at.isoformat()
    return Reported(
        body=body,
        labels=labels,
        firing=_is_firing(ends_at, sent.received_at),
        key=fingerprint(labels, ignore=sent.ignore_labels),
    )


def _expires_at(found: Reported, now: datetime) -> datetime | None:
    """Its end while it fires: it comes again long before. Without one it is good for as long as at an Alertmanager."""
    return (timestamps.parse(found.body.endsAt) or now + RESOLVE_TIMEOUT) if found.firing else None


def _is_firing(ends_at: datetime | None, now: datetime) -> bool:
    return ends_at is None or ends_at > now


def answer_for_refused(refused: tuple[FieldError, ...]) -> bytes:
    """400: Alertmanager answers with a JSON string that names what was invalid, after storing the rest."""
    return msgspec.json.encode(clean.cut("; ".join(f"{each.pointer}: {each.reason}" for each in refused), 1000))
