"""`POST /v1/events`, the contract of our own: strict, so that a slip is seen by whoever makes it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from adapters.inbound.intake import clean, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError, pointer
from adapters.inbound.intake.limits import (
    EVENTS_PER_BODY,
    GROUP_KEY_CHARACTERS,
    HREF_CHARACTERS,
    LINK_TEXT_CHARACTERS,
    SOURCE_CHARACTERS,
)
from adapters.inbound.intake.reading import read
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from domain.shared.limits import DEDUP_KEY_CHARACTERS, LABEL_CHARACTERS, LABELS, LINKS, SUMMARY_CHARACTERS

Href = Annotated[str, Meta(pattern="^https?://", max_length=HREF_CHARACTERS, description="http or https address")]
LabelName = Annotated[str, Meta(min_length=1, max_length=LABEL_CHARACTERS)]
LabelValue = Annotated[str, Meta(max_length=LABEL_CHARACTERS)]


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where a responder can look."""

    href: Href
    text: Annotated[str, Meta(max_length=LINK_TEXT_CHARACTERS)] = ""


class EventBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a monitoring source says about one condition."""

    action: Annotated[AlertAction, Meta(description="trigger opens or repeats; resolve clears")]
    dedup_key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=DEDUP_KEY_CHARACTERS)] | None,
        Meta(description="Names the condition. A trigger without one opens an alert of its own."),
    ] = None
    summary: Annotated[
        str, Meta(max_length=SUMMARY_CHARACTERS, description="One line for the responder. Required to trigger.")
    ] = ""
    severity: Annotated[AlertSeverity | None, Meta(description="Unset: the integration's default.")] = None
    source: Annotated[str, Meta(max_length=SOURCE_CHARACTERS, description="What is affected, such as a host.")] = ""
    occurred_at: Annotated[
        str | None,
        Meta(
            description="By the sender's clock, RFC 3339; without offset it is UTC.",
            extra_json_schema={"format": "date-time"},
        ),
    ] = None
    group_key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=GROUP_KEY_CHARACTERS)] | None,
        Meta(description="Events with the same group key share an incident."),
    ] = None
    labels: Annotated[dict[LabelName, LabelValue], Meta(max_length=LABELS, description="What rules match on.")] = {}
    details: Annotated[dict[str, Any], Meta(description="Any JSON members, shown to the responder.")] = {}
    links: Annotated[list[LinkBody], Meta(max_length=LINKS)] = []


class EventBatchBody(msgspec.Struct, forbid_unknown_fields=True):
    """Several events, accepted or refused together, in the order in which they happened."""

    events: Annotated[list[EventBody], Meta(min_length=1, max_length=EVENTS_PER_BODY)]


_DECODER: Final = msgspec.json.Decoder(dict[str, object])
_ONE: Final = msgspec.json.Decoder(EventBody)
_BATCH: Final = msgspec.json.Decoder(EventBatchBody)
_BATCH_BEGINS: Final = b'{"events"'  # as serializers write it; what begins otherwise only takes longer
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def translate(body: bytes, *, new_key: Callable[[], str]) -> tuple[AlertEvent, ...]:
    """The events of a body that is one `EventBody` or an `EventBatchBody`; all of them or none.

    Raises:
        MalformedEventError: names every wrong field of every event.
    """
    bodies = _right_at_first(body)
    if bodies is None:
        return of_document(document(body), new_key=new_key)
    return tuple([_event(each, new_key) for each in bodies])


def _right_at_first(body: bytes) -> list[EventBody] | None:
    """Decoded in one go, as nearly every body can be; None: look at it field by field, for what is wrong with it."""
    try:
        bodies = _BATCH.decode(body).events if body.startswith(_BATCH_BEGINS) else [_ONE.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return None if any(next(_contradictions(each), None) for each in bodies) else bodies


def document(body: bytes) -> dict[str, object]:
    """The body's members, unchecked.

    Raises:
        MalformedEventError: no JSON object.
    """
    return read(_DECODER, body)


def of_document(members: dict[str, object], *, new_key: Callable[[], str]) -> tuple[AlertEvent, ...]:
    """As `translate`, from decoded JSON."""
    is_batch = "events" in members
    entries = _entries(members) if is_batch else [members]
    bodies: list[EventBody] = []
    problems: list[FieldError] = []
    for index, entry in enumerate(entries):
        try:
            bodies.append(_checked(entry))
            continue
        except msgspec.ValidationError:
            wrong = tuple(_wrong_fields(entry))
        except MalformedEventError as error:
            wrong = error.errors
        prefix = pointer("events", index) if is_batch else ""
        problems += [FieldError(prefix + found.pointer, found.reason) for found in wrong]
    if problems:
        raise MalformedEventError(problems)
    return tuple([_event(body, new_key) for body in bodies])


def _entries(members: dict[str, object]) -> list[object]:
    unknown = [FieldError(pointer(name), "unknown field beside events") for name in members if name != "events"]
    if unknown:
        raise MalformedEventError(unknown)
    entries = members["events"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= EVENTS_PER_BODY:
        raise MalformedEventError([FieldError("/events", f"must be a list of 1 to {EVENTS_PER_BODY} events")])
    return entries


def _checked(entry: object) -> EventBody:
    body = msgspec.convert(entry, EventBody)
    problems = list(_contradictions(body))
    if problems:
        raise MalformedEventError(problems)
    return body


def _contradictions(body: EventBody) -> Iterator[FieldError]:
    """What no single field's type can say."""
    if body.action is AlertAction.TRIGGER:
        if not body.summary.strip():
            yield FieldError("/summary", "is required to trigger")
    elif body.dedup_key is None:
        yield FieldError("/dedup_key", f"is required to {body.action}")
    if body.dedup_key is not None and not body.dedup_key.strip():
        yield FieldError("/dedup_key", "must not be blank")
    if body.occurred_at is not None and timestamps.parse(body.occurred_at) is None:
        yield FieldError("/occurred_at", "must be an RFC 3339 date and time, such as 2026-11-23T09:02:11Z")


def _event(body: EventBody, new_key: Callable[[], str]) -> AlertEvent:
    return AlertEvent(
        action=body.action,
        dedup_key=clean.text(body.dedup_key) if body.dedup_key is not None else new_key(),
        summary=clean.text(body.summary),
        source=clean.text(body.source),
        severity=body.severity,
        occurred_at=timestamps.parse(body.occurred_at),
        group_key=clean.text(body.group_key) if body.group_key is not None else None,
        labels=clean.texts(body.labels),
        details=_details(body.details),
        links=tuple(Link(href=clean.text(link.href), text=clean.text(link.text)) for link in body.links),
    )


def _details(details: Mapping[str, object]) -> dict[str, object]:
    return clean.details(dict(details))


def _wrong_fields(entry: object) -> Iterator[FieldError]:
    """Every wrong field, where the decoder stops at the first."""
    if not isinstance(entry, dict):
        yield FieldError("", "must be an object")
        return
    known = {field.name: field for field in msgspec.structs.fields(EventBody)}
    for name in entry:
        if name not in known:
            yield FieldError(pointer(name), "unknown field")
    for name, field in known.items():
        if name not in entry:
            if field.required:
                yield FieldError(pointer(name), "is required")
        elif name == "labels" and isinstance(entry[name], dict):
            yield from _wrong_labels(entry[name])
        else:
            yield from _wrong_value(entry[name], field.type, pointer(name))


def _wrong_labels(labels: dict[str, object]) -> Iterator[FieldError]:
    if len(labels) > LABELS:
        yield FieldError("/labels", f"must hold at most {LABELS} labels")
    for name, value in labels.items():
        yield from _wrong_value(name, LabelName, pointer("labels", name))
        yield from _wrong_value(value, LabelValue, pointer("labels", name))


def _wrong_value(value: object, wanted: object, at: str) -> Iterator[FieldError]:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        steps = [name or index for name, index in _STEP.findall(path.rstrip("`"))]
        yield FieldError(at + pointer(*steps), _sentence(reason, at))


def _sentence(reason: str, at: str) -> str:
    choices = {"/action": AlertAction, "/severity": AlertSeverity}.get(at)
    if choices is not None:
        return "must be one of " + ", ".join(f"'{choice}'" for choice in choices)
    return reason.replace("Expected ", "must be ").replace("`", "'")
