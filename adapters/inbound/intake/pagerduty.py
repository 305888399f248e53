"""PagerDuty Events API v2: alert events, change events, and the vendor's own answers.

Vendor documentation: "Events API v2 Overview", "Send an Alert Event", "Send a Change Event".
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.limits import ROUTING_KEY_CHARACTERS, SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from domain.alert.alert_event import AlertAction, AlertEvent, ChangeEvent
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

UNKNOWN_SOURCE: Final = "unknown"


class Enqueued(NamedTuple):
    routing_key: str
    event: AlertEvent


class EnqueuedChange(NamedTuple):
    routing_key: str
    event: ChangeEvent


class Queued(NamedTuple):
    """An event from a queue, which may belong to one integration as a whole and so need no key."""

    routing_key: str | None
    event: AlertEvent


class Body(msgspec.Struct):
    """What is read of a body. Every member is optional and of any type: senders break each of them."""

    routing_key: object = None
    service_key: object = None  # Events API v1
    event_action: object = None
    dedup_key: object = None
    payload: object = None
    images: object = None
    links: object = None
    client: object = None
    client_url: object = None


_DECODER: Final = msgspec.json.Decoder(Body)
_ACTIONS: Final = {action.value: action for action in AlertAction}
_LABELS: Final = ("component", "group", "class")


def translate(
    body: bytes, *, new_key: Callable[[], str], header_routing_key: str | None = None, strict: bool = False
) -> Enqueued:
    """The event of `POST /v2/enqueue`, with a new key when a trigger has none.

    `strict` refuses what the vendor refuses; without it a sender's slip changes a field, but loses no page.

    Raises:
        MalformedEventError: with the vendor's texts, for `refused`.
    """
    message = read(_DECODER, body)
    problems: list[FieldError] = []
    key = _routing_key(message, header_routing_key)
    _check_routing_key(key, problems)
    return Enqueued(key, _alert_event(message, key, problems, new_key=new_key, strict=strict))


def translate_queued(body: bytes, *, new_key: Callable[[], str], integration_key: str | None = None) -> Queued:
    """The same event from a queue: the key beside the message goes before the one in it, and both may be absent.

    Raises:
        MalformedEventError: as `translate`.
    """
    message = read(_DECODER, body)
    problems: list[FieldError] = []
    key = integration_key or _routing_key(message, None)
    if key and not integration_key:
        _check_routing_key(key, problems)
    return Queued(key or None, _alert_event(message, key, problems, new_key=new_key, strict=False))


def translate_change(body: bytes, *, header_routing_key: str | None = None, strict: bool = False) -> EnqueuedChange:
    """The event of `POST /v2/change/enqueue`.

    Raises:
        MalformedEventError: with the vendor's texts, for `refused`.
    """
    message = read(_DECODER, body)
    problems: list[FieldError] = []
    key = _routing_key(message, header_routing_key)
    _check_routing_key(key, problems)
    payload = _payload(message, problems)
    summary = _summary(payload, problems, strict=strict)
    if problems:
        raise MalformedEventError(problems, routing_key=key or None)
    links = clean.links((*_links(message.links), *_images(message.images)))
    change = ChangeEvent(
        summary=summary,
        source=clean.cut(clean.scalar(payload.get("source")), SOURCE_CHARACTERS),
        occurred_at=timestamps.parse(payload.get("timestamp")),
        details=clean.marked(
            clean.details(payload.get("custom_details")), dropped_labels=0, dropped_links=links.dropped
        ),
        links=links.kept,
    )
    return EnqueuedChange(key, change)


def accepted(dedup_key: str) -> bytes:
    """202. Clients raise an error when the key is absent."""
    return msgspec.json.encode({"status": "success", "message": "Event processed", "dedup_key": dedup_key})


def change_accepted(change_id: str) -> bytes:
    """202."""
    return msgspec.json.encode({"status": "success", "message": "Change event processed", "id": change_id})


def refused(error: MalformedEventError) -> bytes:
    """400, in the one of the two forms that fits the error."""
    reasons = [problem.reason for problem in error.errors]
    return unrecognized(reasons) if error.unrecognized else invalid(reasons)


def invalid(errors: Iterable[str]) -> bytes:
    """400: an event with wrong fields."""
    return _failure("invalid event", "Event object is invalid", errors)


def unrecognized(errors: Iterable[str] = ("JSON parse error",)) -> bytes:
    """400: no event at all."""
    return _failure("Unrecognized object", "Event object format is unrecognized", errors)


def throttled(retry_after_seconds: int) -> bytes:
    """429, which goes with a `Retry-After` header of the same number."""
    return _failure(
        "throttle exceeded",
        "Events for this routing key arrive too quickly",
        [f"Retry after {retry_after_seconds} seconds"],
    )


def unavailable(retry_after_seconds: int) -> bytes:
    """503, which goes with a `Retry-After` header of the same number; nothing was stored."""
    return _failure("service unavailable", "Event could not be stored", [f"Retry after {retry_after_seconds} seconds"])


def _failure(status: str, message: str, errors: Iterable[str]) -> bytes:
    # Alertmanager decodes `errors` into a list of strings, and Zabbix reads the first of them.
    return msgspec.json.encode({"status": status, "message": message, "errors": list(errors)})


def _alert_event(
    message: Body, routing_key: str, problems: list[FieldError], *, new_key: Callable[[], str], strict: bool
) -> AlertEvent:
    action = _action(message.event_action, problems, strict=strict)
    dedup_key = _dedup_key(message.dedup_key, action, problems, strict=strict)
    if action is not AlertAction.TRIGGER:
        # The vendor ignores the payload here; only its time tells a late message from a new one.
        if problems or action is None:
            raise MalformedEventError(problems, routing_key=routing_key or None)
        payload = message.payload if isinstance(message.payload, dict) else {}
        return AlertEvent(action=action, dedup_key=dedup_key, occurred_at=timestamps.parse(payload.get("timestamp")))

    payload = _payload(message, problems)
    summary = _summary(payload, problems, strict=strict)
    source = clean.cut(clean.scalar(payload.get("source")), SOURCE_CHARACTERS)
    severity = severities.exact(payload.get("severity"))
    occurred_at = timestamps.parse(payload.get("timestamp"))
    if strict:
        _check_strictly(payload, problems)
    if problems:
        raise MalformedEventError(problems, routing_key=routing_key or None)

    labels = clean.labels(_label_values(message, payload))
    links = clean.links((*_links(message.links), (message.client_url, message.client), *_images(message.images)))
    return AlertEvent(
        action=action,
        dedup_key=dedup_key or new_key(),
        summary=summary,
        source=source or UNKNOWN_SOURCE,
        severity=severity,
        occurred_at=occurred_at,
        labels=labels.kept,
        details=clean.marked(
            clean.details(payload.get("custom_details")), dropped_labels=labels.dropped, dropped_links=links.dropped
        ),
        links=links.kept,
    )


def _routing_key(message: Body, header: str | None) -> str:
    for candidate in (message.routing_key, message.service_key, header):
        key = clean.scalar(candidate).strip()  # keys read from a secret's file end in a line break
        if key:
            return key
    return ""


def _check_routing_key(key: str, problems: list[FieldError]) -> None:
    if not key:
        problems.append(FieldError("/routing_key", "'routing_key' is missing or blank"))
    elif len(key) != ROUTING_KEY_CHARACTERS:
        problems.append(
            FieldError(
                "/routing_key",
                f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARACTERS} characters)",
            )
        )


def _action(value: object, problems: list[FieldError], *, strict: bool) -> AlertAction | None:
    word = clean.scalar(value)
    action = _ACTIONS.get(word if strict else word.strip().lower())
    if action is None:
        wrong = "is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
        reason = wrong if word.strip() else "is missing or blank"
        problems.append(FieldError("/event_action", f"'event_action' {reason}"))
    return action


def _dedup_key(value: object, action: AlertAction | None, problems: list[FieldError], *, strict: bool) -> str:
    key = clean.scalar(value)
    if len(key) > DEDUP_KEY_CHARACTERS:
        # A cut key could merge two alerts.
        problems.append(
            FieldError("/dedup_key", f"'dedup_key' is too long (maximum is {DEDUP_KEY_CHARACTERS} characters)")
        )
    elif isinstance(value, dict | list) or (strict and value is not None and not isinstance(value, str)):
        problems.append(FieldError("/dedup_key", "'dedup_key' is invalid (must be a string)"))
    elif key.strip():
        return key
    elif action is not None and action is not AlertAction.TRIGGER:
        problems.append(FieldError("/dedup_key", "'dedup_key' is missing or blank"))
    return ""


def _payload(message: Body, problems: list[FieldError]) -> dict[str, object]:
    if isinstance(message.payload, dict):
        return message.payload
    reason = "is missing or blank" if message.payload is None else "is invalid (must be an object)"
    problems.append(FieldError("/payload", f"'payload' {reason}"))
    return {}


def _summary(payload: dict[str, object], problems: list[FieldError], *, strict: bool) -> str:
    summary = clean.scalar(payload.get("summary"))
    if not summary.strip() and not any(problem.pointer == "/payload" for problem in problems):
        problems.append(FieldError("/payload/summary", "'payload.summary' is missing or blank"))
    if strict and len(summary) > SUMMARY_CHARACTERS:
        problems.append(
            FieldError(
                "/payload/summary", f"'payload.summary' is too long (maximum is {SUMMARY_CHARACTERS} characters)"
            )
        )
    return clean.cut(summary, SUMMARY_CHARACTERS)


def _check_strictly(payload: dict[str, object], problems: list[FieldError]) -> None:
    if not payload:
        return
    source, severity, timestamp = payload.get("source"), payload.get("severity"), payload.get("timestamp")
    if not isinstance(source, str) or not source.strip():
        problems.append(FieldError("/payload/source", "'payload.source' is missing or blank"))
    if not isinstance(severity, str) or not severity.strip():
        problems.append(FieldError("/payload/severity", "'payload.severity' is missing or blank"))
    elif severity not in severities.EXACT:
        problems.append(
            FieldError(
                "/payload/severity",
                "'payload.severity' is invalid "
                "(must be one of the following: 'critical', 'warning', 'error' or 'info')",
            )
        )
    if timestamp is not None and timestamps.parse(timestamp) is None:
        problems.append(
            FieldError("/payload/timestamp", "'payload.timestamp' is invalid (must be an ISO 8601 date and time)")
        )


def _label_values(message: Body, payload: dict[str, object]) -> dict[str, object]:
    values: dict[str, object] = {name: payload[name] for name in _LABELS if name in payload}
    if message.client is not None:
        values["client"] = message.client
    return values


def _links(values: object) -> list[tuple[object, object]]:
    if not isinstance(values, list):
        return []
    return [(value.get("href"), value.get("text")) for value in values if isinstance(value, dict)]


def _images(values: object) -> list[tuple[object, object]]:
    if not isinstance(values, list):
        return []
    return [(value.get("src"), value.get("alt") or "image") for value in values if isinstance(value, dict)]
