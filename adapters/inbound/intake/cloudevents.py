"""CloudEvents 1.0 over HTTP: structured, binary and batched.

CloudEvents specification 1.0.2; "HTTP Protocol Binding", sections 3.1 to 3.3; "JSON Event Format".
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError, pointer
from adapters.inbound.intake.limits import EVENTS_PER_BODY, SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

_DECODER: Final = msgspec.json.Decoder(object)
_BATCH: Final = "application/cloudevents-batch"
_STRUCTURED: Final = "application/cloudevents"
_PREFIX: Final = "ce-"
HEADERS: Final = ("content-type", _PREFIX)  # by which a request is read
_REQUIRED: Final = ("id", "source", "specversion", "type")
_VERSION: Final = "1.0"
# The last word of a type says what became of the condition; every other one reports it.
_OVER: Final = frozenset({"resolved", "recovered", "cleared", "closed", "ok", "succeeded", "up"})
_TAKEN: Final = frozenset({"acknowledged", "acked"})
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NOT_LABELS: Final = frozenset({"data", "data_base64", "id", "time", "specversion", "datacontenttype", "dataschema"})


def translate(sent: Sent) -> Understood:
    """The events of one request; those of a batch that are none are refused, and the others count.

    Raises:
        MalformedEventError: no CloudEvent, or a single one without what the specification requires.
    """
    kind = sent.headers.get("content-type", "").strip().lower()
    if kind.startswith(_BATCH):
        return _batch(sent.body)
    if not kind.startswith(_STRUCTURED) and f"{_PREFIX}specversion" in sent.headers:
        return Understood((_event(_binary(sent)),))
    document = read(_DECODER, sent.body)
    if not isinstance(document, dict):
        raise MalformedEventError([FieldError("", "the body must be a CloudEvent")], unrecognized=True)
    return Understood((_event(document),))


def _batch(body: bytes) -> Understood:
    documents = read(_DECODER, body)
    if not isinstance(documents, list):
        raise MalformedEventError([FieldError("", "a batch must be a JSON array")], unrecognized=True)
    if len(documents) > EVENTS_PER_BODY:
        raise MalformedEventError([FieldError("", f"a batch holds at most {EVENTS_PER_BODY} events")])
    events: list[AlertEvent] = []
    refused: list[FieldError] = []
    for index, document in enumerate(documents):
        try:
            events.append(_event(document))
        except MalformedEventError as error:
            refused += [FieldError(pointer(index) + each.pointer, each.reason) for each in error.errors]
    return Understood(tuple(events), tuple(refused))


def _binary(sent: Sent) -> dict[str, object]:
    members: dict[str, object] = {
        name.removeprefix(_PREFIX): _decoded(value, name)
        for name, value in sent.headers.items()
        if name.startswith(_PREFIX)
    }
    members["data"] = _data(sent)
    return members


def _decoded(value: str, name: str) -> str:
    """Undo quoting, then exactly one round of percent-encoding (HTTP binding, 3.1.3.2)."""
    quoted = _QUOTED.fullmatch(value.strip())
    text = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value
    try:
        return unquote_to_bytes(text.encode("latin-1", "replace")).decode()
    except UnicodeDecodeError:
        raise MalformedEventError([FieldError(pointer(name), "is no UTF-8 when decoded")]) from None


def _data(sent: Sent) -> object:
    kind = sent.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not sent.body:
        return None
    if not kind or kind.endswith(("/json", "+json")):
        try:
            return read(_DECODER, sent.body)
        except MalformedEventError:
            pass  # the attributes say what happened, whatever the data are
    return sent.body.decode("utf-8", "replace")


def _event(document: object) -> AlertEvent:
    if not isinstance(document, dict):
        raise MalformedEventError([FieldError("", "must be an object")])
    missing = [
        FieldError(pointer(name), "is missing or blank") for name in _REQUIRED if not _text(document, name).strip()
    ]
    if missing:
        raise MalformedEventError(missing)
    if _text(document, "specversion") != _VERSION:
        raise MalformedEventError([FieldError("/specversion", f"must be '{_VERSION}'")])
    data = document.get("data")
    members = data if isinstance(data, dict) else {}
    labels = clean.labels({name: value for name, value in document.items() if name not in _NOT_LABELS})
    links = clean.links(((members.get("url"), "source"), (members.get("link"), "source")))
    return AlertEvent(
        action=_action(_text(document, "type")),
        dedup_key=_key(document),
        summary=clean.cut(_summary(document, members), SUMMARY_CHARACTERS),
        source=clean.cut(_text(document, "source"), SOURCE_CHARACTERS),
        severity=severities.lenient(document.get("severity")) or severities.lenient(members.get("severity")),
        occurred_at=timestamps.parse(document.get("time")),
        labels=labels.kept,
        details=clean.marked(
            {"event_id": _text(document, "id")} | clean.details(data),
            dropped_labels=labels.dropped,
            dropped_links=links.dropped,
        ),
        links=links.kept,
    )


def _action(kind: str) -> AlertAction:
    word = re.split(r"[./:_-]", kind.lower())[-1]
    if word in _OVER:
        return AlertAction.RESOLVE
    return AlertAction.ACKNOWLEDGE if word in _TAKEN else AlertAction.TRIGGER


def _key(document: Mapping[str, object]) -> str:
    """What the event is about; one about nothing in particular is an alert of its own."""
    subject = _text(document, "subject").strip()
    key = subject or f"{_text(document, 'source')}/{_text(document, 'id')}"
    if len(key) > DEDUP_KEY_CHARACTERS:
        at = "/subject" if subject else "/id"
        raise MalformedEventError([FieldError(at, f"is too long (maximum is {DEDUP_KEY_CHARACTERS} characters)")])
    return key


def _summary(document: Mapping[str, object], data: Mapping[str, object]) -> str:
    for name in ("summary", "title", "message"):
        if text := clean.scalar(data.get(name)).strip():
            return text
    return f"{_text(document, 'type')} {_text(document, 'subject')}".strip()


def _text(document: Mapping[str, object], name: str) -> str:
    return clean.scalar(document.get(name))
