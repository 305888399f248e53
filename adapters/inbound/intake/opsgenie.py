"""Opsgenie's Alert API, version 2: create, acknowledge, close, add a note.

Opsgenie documentation, "Alert API" and "Alerts and alert fields"; Alertmanager `notify/opsgenie/opsgenie.go`; Grafana
`receivers/opsgenie/v1/opsgenie.go`. Lenient: what is too long is cut, since a refused alert pages nobody.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from adapters.inbound.intake import clean, severities
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.limits import SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.shared.limits import DEDUP_KEY_CHARACTERS, NOTE_CHARACTERS, SUMMARY_CHARACTERS

ALIAS_CHARACTERS: Final = 512
_DECODER: Final = msgspec.json.Decoder(dict[str, object])
_SHOWN: Final = ("description", "entity", "tags", "responders", "visibleTo", "actions", "priority")


class Created(NamedTuple):
    event: AlertEvent
    note: str


def create(body: bytes, *, new_key: Callable[[], str]) -> Created:
    """The alert that a body describes; without an alias it is one of its own.

    Raises:
        MalformedEventError: no JSON object, no message, or an alias that is too long.
    """
    members = read(_DECODER, body)
    message = _text(members, "message")
    if not message:
        raise MalformedEventError([FieldError("/message", "can not be empty")])
    details = members.get("details")
    pairs: Mapping[str, object] = details if isinstance(details, dict) else {}
    labels = clean.labels({**pairs, "entity": members.get("entity")})
    links = clean.links(((pairs.get("url"), "Grafana"), (_address(members.get("source")), "source")))
    shown = {name: clean.json_value(members[name]) for name in _SHOWN if members.get(name)}
    if pairs:
        shown["details"] = clean.json_value(details)
    alias = _text(members, "alias")
    event = AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=key_of(alias) if alias else new_key(),
        summary=clean.cut(message, SUMMARY_CHARACTERS),
        source=clean.cut(_text(members, "source"), SOURCE_CHARACTERS),
        severity=severities.lenient(_text(members, "priority")),
        labels=labels.kept,
        details=clean.marked(shown, dropped_labels=labels.dropped, dropped_links=links.dropped),
        links=links.kept,
    )
    return Created(event, _note(members))


def note_of(body: bytes, *, is_required: bool = False) -> str:
    """What whoever asks for something adds, with who it was; empty when nothing is said. No body is no note.

    Raises:
        MalformedEventError: no JSON object, or no note where one is required.
    """
    members = read(_DECODER, body) if body.strip() else {}
    note = _note(members)
    if is_required and not note:
        raise MalformedEventError([FieldError("/note", "can not be empty")])
    return note


def key_of(alias: str) -> str:
    """The dedup key of an alias, which may be longer than one.

    Raises:
        MalformedEventError: longer than Opsgenie allows.
    """
    if len(alias) > ALIAS_CHARACTERS:
        raise MalformedEventError([FieldError("/alias", f"is too long (maximum is {ALIAS_CHARACTERS} characters)")])
    if len(alias) <= DEDUP_KEY_CHARACTERS:
        return alias
    return "sha256:" + hashlib.sha256(alias.encode("utf-8", "surrogatepass")).hexdigest()


def _note(members: Mapping[str, object]) -> str:
    note, user = _text(members, "note"), _text(members, "user")
    return clean.cut(f"{user}: {note}" if user and note else note, NOTE_CHARACTERS)


def _address(source: object) -> str:
    """Alertmanager and Grafana send their own address as the source; others send a name."""
    address = clean.scalar(source).strip()
    return address if clean.is_web_address(address) else ""


def _text(members: Mapping[str, object], name: str) -> str:
    return clean.scalar(members.get(name)).strip()
