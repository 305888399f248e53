"""Monitors that send one flat message a change of state: Datadog, UptimeRobot, Uptime Kuma, Zabbix.

Their bodies are templates that people fill in, so every member may be absent, be of another type, or still be the
variable's own name because there was nothing to put in its place.
"""

import re
from collections.abc import Iterable, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError, pointer
from adapters.inbound.intake.limits import SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood, form
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

type Fields = Mapping[str, object]

HEADERS: Final = ("content-type",)  # by which a form of several parts is read
_DECODER: Final = msgspec.json.Decoder(dict[str, object])
# `$ALERT_CYCLE_KEY`, `*monitorID*`, `{EVENT.ID}`, `*UNKNOWN*`: what is left of a variable that had no value
_UNFILLED: Final = re.compile(r"\$[A-Z_]+|\*\w+\*|\{[A-Z][A-Z0-9_.]*\}")

_DATADOG_ACTIONS: Final = (
    ("recovered", AlertAction.RESOLVE),
    ("triggered", AlertAction.TRIGGER),
    ("re-triggered", AlertAction.TRIGGER),
    ("warn", AlertAction.TRIGGER),
    ("re-warn", AlertAction.TRIGGER),
    ("no data", AlertAction.TRIGGER),
    ("re-no data", AlertAction.TRIGGER),
    ("renotify", AlertAction.TRIGGER),
)
_DATADOG_TYPES: Final = {
    "error": AlertAction.TRIGGER,
    "warning": AlertAction.TRIGGER,
    "success": AlertAction.RESOLVE,
}

_UPTIMEROBOT_ACTIONS: Final = {"1": AlertAction.TRIGGER, "2": AlertAction.RESOLVE, "3": AlertAction.TRIGGER}
_UPTIMEROBOT_CERTIFICATE: Final = "3"

_KUMA_ACTIONS: Final = {
    "0": AlertAction.TRIGGER,
    "1": AlertAction.RESOLVE,
}  # 2 pending and 3 maintenance decide nothing

# Zabbix: {EVENT.VALUE}, {EVENT.NSEVERITY} from "not classified" to "disaster", {EVENT.UPDATE.ACTION}
_ZABBIX_ACTIONS: Final = {"1": AlertAction.TRIGGER, "0": AlertAction.RESOLVE}
_ZABBIX_GRADES: Final = {
    "0": AlertSeverity.INFO,
    "1": AlertSeverity.INFO,
    "2": AlertSeverity.WARNING,
    "3": AlertSeverity.WARNING,
    "4": AlertSeverity.ERROR,
    "5": AlertSeverity.CRITICAL,
}


def datadog(sent: Sent) -> Understood:
    """A webhook with our template; of Datadog's own one, which has no key that lasts, its event's id.

    An unknown transition opens nothing: it may be a state that comes after the recovery.

    Raises:
        MalformedEventError: no fields, no state, or nothing to name the alert by.
    """
    fields = _fields(sent)
    action = _datadog_action(fields)
    if action is None:
        return Understood()
    transition = _text(fields, "transition").lower()
    is_warning = "warn" in transition or _text(fields, "alert_type").lower() == "warning"
    return _one(
        action,
        fields,
        key=_first(fields, "cycle_key", "aggreg_key", "monitor_id", "id"),
        key_name="cycle_key",
        summary=_first(fields, "title", "text", "body"),
        source=_first(fields, "hostname", "scope"),
        severity=severities.lenient(_text(fields, "priority"))
        or (AlertSeverity.WARNING if is_warning else severities.lenient(_text(fields, "alert_type"))),
        occurred_at=_first(fields, "date_ms", "date"),
        links=((_text(fields, "link"), "Datadog"),),
        labels=_labels(fields, "metric", "scope", "hostname", "monitor_id") | _tags(_text(fields, "tags").split(",")),
    )


def _datadog_action(fields: Fields) -> AlertAction | None:
    transition = _text(fields, "transition").lower()
    if transition:
        return next((action for prefix, action in _DATADOG_ACTIONS if transition.startswith(prefix)), None)
    kind = _text(fields, "alert_type").lower()
    if not kind:
        raise MalformedEventError([FieldError("/transition", "is missing; the webhook's payload needs it")])
    return _DATADOG_TYPES.get(kind)


def uptimerobot(sent: Sent) -> Understood:
    """Variables in the query, as a form or as JSON; a certificate that expires is an alert of its own.

    Raises:
        MalformedEventError: no fields, no monitor, or a state that is none.
    """
    fields = _fields(sent)
    kind = _text(fields, "alertType")
    if kind not in _UPTIMEROBOT_ACTIONS:
        raise MalformedEventError([FieldError("/alertType", "must be 1 (down), 2 (up) or 3 (certificate expires)")])
    is_certificate = kind == _UPTIMEROBOT_CERTIFICATE
    monitor = _text(fields, "monitorID")
    name = _first(fields, "monitorFriendlyName", "monitorURL")
    state = "certificate expires" if is_certificate else _text(fields, "alertTypeFriendlyName")
    return _one(
        _UPTIMEROBOT_ACTIONS[kind],
        fields,
        key=f"{monitor}/certificate" if monitor and is_certificate else monitor,
        key_name="monitorID",
        summary=" ".join(part for part in (name, state, _text(fields, "alertDetails")) if part),
        source=_text(fields, "monitorURL"),
        severity=AlertSeverity.WARNING if is_certificate else None,
        occurred_at=_text(fields, "alertDateTime"),
        links=((_text(fields, "monitorURL"), "monitored"),),
        labels=_labels(fields, "monitorFriendlyName"),
    )


def uptime_kuma(sent: Sent) -> Understood:
    """A heartbeat of a monitor, as JSON, in a form's field `data`, or in the query.

    Its test button sends neither heartbeat nor monitor, and opens nothing.

    Raises:
        MalformedEventError: no fields, no heartbeat, or no monitor.
    """
    fields = _fields(sent)
    if "heartbeat" not in fields:
        raise MalformedEventError([FieldError("/heartbeat", "is missing")])
    heartbeat, monitor = _nested(fields, "heartbeat"), _nested(fields, "monitor")
    if not heartbeat:
        return Understood()
    action = _KUMA_ACTIONS.get(_text(heartbeat, "status"))
    if action is None:
        return Understood()
    return _one(
        action,
        fields,
        key=_text(heartbeat, "monitorID") or _text(monitor, "id"),
        key_name="heartbeat",
        summary=_text(fields, "msg") or _text(heartbeat, "msg") or _text(monitor, "name"),
        source=_first(monitor, "url", "hostname", "name"),
        severity=None,
        occurred_at=_text(heartbeat, "time"),
        links=((_text(monitor, "url"), "monitored"),),
        labels=_labels(monitor, "name", "type", "hostname") | _pairs(monitor.get("tags"), "name"),
    )


def zabbix(sent: Sent) -> Understood:
    """The fields of our media type: a problem, its recovery, or an update to it, of which an acknowledgement counts.

    Raises:
        MalformedEventError: no fields, no event, or a state that is none.
    """
    fields = _fields(sent)
    action = _ZABBIX_ACTIONS.get(_text(fields, "event_value"))
    if action is None:
        raise MalformedEventError([FieldError("/event_value", "must be 1 (problem) or 0 (recovery)")])
    if action is AlertAction.TRIGGER and _text(fields, "event_update_status") == "1":
        if "acknowledged" not in _text(fields, "event_update_action").lower().replace("unacknowledged", ""):
            return Understood()
        action = AlertAction.ACKNOWLEDGE
    return _one(
        action,
        fields,
        key=_text(fields, "event_id"),
        key_name="event_id",
        summary=_first(fields, "event_name", "trigger_name"),
        source=_first(fields, "host_name", "host_ip"),
        severity=_ZABBIX_GRADES.get(_text(fields, "event_nseverity")),
        occurred_at="",
        links=((_first(fields, "event_url", "trigger_url"), "Zabbix"),),
        labels=_labels(fields, "host_name", "trigger_id") | _zabbix_tags(fields.get("event_tags")),
    )


def _zabbix_tags(value: object) -> dict[str, object]:
    """{EVENT.TAGSJSON}: a list of tags and values, or the text of one."""
    tags = value
    if isinstance(value, str):
        try:
            tags = read(msgspec.json.Decoder(object), value.encode("utf-8", "replace"))
        except MalformedEventError:
            return {}
    return _pairs(tags, "tag")


def _pairs(values: object, name: str) -> dict[str, object]:
    """A list of objects, each with a name and a `value`."""
    if not isinstance(values, list):
        return {}
    return {_text(each, name): _text(each, "value") for each in values if isinstance(each, dict)}


def _one(
    action: AlertAction,
    fields: Fields,
    *,
    key: str,
    key_name: str,
    summary: str,
    source: str,
    severity: AlertSeverity | None,
    occurred_at: str,
    links: Iterable[tuple[object, object]],
    labels: Mapping[str, object],
) -> Understood:
    if not key:
        raise MalformedEventError([FieldError(pointer(key_name), "is missing; it names the alert")])
    if len(key) > DEDUP_KEY_CHARACTERS:  # a cut one could merge two alerts
        raise MalformedEventError(
            [FieldError(pointer(key_name), f"is too long (maximum is {DEDUP_KEY_CHARACTERS} characters)")]
        )
    kept_labels = clean.labels({name: value for name, value in labels.items() if name})
    kept_links = clean.links(links)
    event = AlertEvent(
        action=action,
        dedup_key=key,
        summary=clean.cut(summary or key, SUMMARY_CHARACTERS),
        source=clean.cut(source, SOURCE_CHARACTERS),
        severity=severity,
        occurred_at=timestamps.parse(occurred_at) or timestamps.of_epoch(occurred_at),
        labels=kept_labels.kept,
        details=clean.marked(
            clean.details(dict(fields)), dropped_labels=kept_labels.dropped, dropped_links=kept_links.dropped
        ),
        links=kept_links.kept,
    )
    return Understood((event,))


def _fields(sent: Sent) -> Fields:
    """Of JSON, a form or the query, whichever there is: `Content-Type` says little of what came."""
    body = sent.body.strip()
    if not body:
        found = form(sent.query)
    elif body[:1] in b"{[" or body[:3] == b"\xef\xbb\xbf":
        found = read(_DECODER, body)
    elif body.startswith(b"--"):
        found = _multipart(sent)
    else:
        found = form(body.decode("utf-8", "replace"))
    wrapped = found.get("data") or found.get("payload")  # the one field in which Uptime Kuma and Datadog put JSON
    if len(found) == 1 and isinstance(wrapped, str):
        found = read(_DECODER, wrapped.encode("utf-8", "replace"))
    if not found:
        raise MalformedEventError([FieldError("", "neither JSON, nor a form, nor a query")], unrecognized=True)
    return found


def _multipart(sent: Sent) -> dict[str, object]:
    head = f"Content-Type: {sent.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    try:
        parts = BytesParser(policy=HTTP).parsebytes(head + sent.body).walk()
        found = {
            str(part.get_param("name", "", header="content-disposition")): part.get_payload(decode=True)
            for part in parts
            if not part.is_multipart()
        }
    except Exception:  # noqa: BLE001  # the parser promises no errors of its own
        raise MalformedEventError([FieldError("", "the form cannot be read")], unrecognized=True) from None
    return {
        clean.text(name): clean.text(value.decode("utf-8", "replace"))
        for name, value in found.items()
        if isinstance(value, bytes)
    }


def _text(fields: Fields, name: str) -> str:
    """The text of a field; empty when it is absent or was never filled in."""
    value = fields.get(name)
    text = clean.scalar(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    return "" if _UNFILLED.fullmatch(text) else text


def _first(fields: Fields, *names: str) -> str:
    return next((text for name in names if (text := _text(fields, name))), "")


def _nested(fields: Fields, name: str) -> Fields:
    """An object, or the text of one, as a query has it."""
    value = fields.get(name)
    if isinstance(value, str) and value.strip().startswith("{"):
        return read(_DECODER, value.encode("utf-8", "replace"))
    return value if isinstance(value, dict) else {}


def _labels(fields: Fields, *names: str) -> dict[str, object]:
    return {name: text for name in names if (text := _text(fields, name))}


def _tags(tags: Iterable[str]) -> dict[str, object]:
    """`env:prod` is a label with a value; a tag without one says nothing that rules could match on."""
    pairs = (tag.strip().partition(":") for tag in tags)
    return {name: value for name, separator, value in pairs if separator and name}
