"""Sentry's integration platform: alerts of an issue, its end, and metric alerts.

Sentry documentation: "Integration platform", "Webhooks". An issue alert never says that it is over: only the `issue`
resource does, to which the operator subscribes as well.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.limits import SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

RESOURCE_HEADER: Final = "sentry-hook-resource"

_DECODER: Final = msgspec.json.Decoder(dict[str, object])
_ISSUE_ACTIONS: Final = {
    "resolved": AlertAction.RESOLVE,
    "ignored": AlertAction.RESOLVE,
    "archived": AlertAction.RESOLVE,
    "unresolved": AlertAction.TRIGGER,
}
_METRIC_ACTIONS: Final = {
    "critical": AlertAction.TRIGGER,
    "warning": AlertAction.TRIGGER,
    "resolved": AlertAction.RESOLVE,
}


def translate(sent: Sent) -> Understood:
    """What one webhook says; resources and actions that decide nothing, such as a comment, are no events.

    Raises:
        MalformedEventError: no JSON object, no resource, or an alert without an issue.
    """
    message = read(_DECODER, sent.body)
    data = _object(message, "data")
    match sent.headers.get(RESOURCE_HEADER, "").strip().lower() or _resource(data):
        case "event_alert":
            return Understood((_of_event(data),))
        case "issue":
            action = _ISSUE_ACTIONS.get(_text(message, "action").lower())
            return Understood() if action is None else Understood((_of_issue(action, _object(data, "issue")),))
        case "metric_alert":
            return _of_metric(_text(message, "action").lower(), data)
        case "":
            raise MalformedEventError([FieldError("/data", "is of no resource that is known")])
        case _:
            return Understood()


def _resource(data: Mapping[str, object]) -> str:
    """A proxy may have lost the header; the body tells as well."""
    members = (("event", "event_alert"), ("issue", "issue"), ("metric_alert", "metric_alert"))
    return next((resource for member, resource in members if member in data), "")


def _of_event(data: Mapping[str, object]) -> AlertEvent:
    event = _object(data, "event")
    rule = _text(data, "triggered_rule")
    pairs = event.get("tags")
    tags = {
        clean.scalar(pair[0]): pair[1]
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, list) and len(pair) == 2
    }
    labels = clean.labels({**tags, "project": event.get("project"), "rule": rule})
    links = clean.links(((event.get("web_url"), "Sentry"),))
    details = {
        name: clean.json_value(event[name])
        for name in ("event_id", "issue_id", "culprit", "level", "platform", "metadata", "datetime")
        if event.get(name) is not None
    }
    return AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=_key(_text(event, "project"), _text(event, "issue_id"), "/data/event/issue_id"),
        summary=clean.cut(_text(event, "title") or rule or "Sentry issue", SUMMARY_CHARACTERS),
        source=clean.cut(_text(event, "culprit"), SOURCE_CHARACTERS),
        severity=severities.lenient(event.get("level")),
        occurred_at=timestamps.parse(event.get("datetime")),
        labels=labels.kept,
        details=clean.marked(details, dropped_labels=labels.dropped, dropped_links=links.dropped),
        links=links.kept,
    )


def _of_issue(action: AlertAction, issue: Mapping[str, object]) -> AlertEvent:
    project = issue.get("project")
    project_id = _text(project, "id") if isinstance(project, dict) else clean.scalar(project)
    return AlertEvent(
        action=action,
        dedup_key=_key(project_id, _text(issue, "id"), "/data/issue/id"),
        summary=clean.cut(_text(issue, "title") or "Sentry issue", SUMMARY_CHARACTERS),
        source=clean.cut(_text(issue, "culprit"), SOURCE_CHARACTERS),
        severity=severities.lenient(issue.get("level")),
        links=clean.links(((issue.get("web_url"), "Sentry"), (issue.get("permalink"), "Sentry"))).kept,
    )


def _of_metric(word: str, data: Mapping[str, object]) -> Understood:
    action = _METRIC_ACTIONS.get(word)
    if action is None:
        return Understood()
    alert = _object(data, "metric_alert")
    rule = _object(alert, "alert_rule")
    event = AlertEvent(
        action=action,
        dedup_key=_key("metric", _text(rule, "id") or _text(alert, "id"), "/data/metric_alert/id"),
        summary=clean.cut(
            _text(data, "description_title") or _text(rule, "name") or "Sentry metric alert", SUMMARY_CHARACTERS
        ),
        severity=AlertSeverity.WARNING if word == "warning" else AlertSeverity.CRITICAL,
        details=clean.details(_text(data, "description_text") or None),
        links=clean.links(((data.get("web_url"), "Sentry"),)).kept,
    )
    return Understood((event,))


def _key(project: str, issue: str, at: str) -> str:
    if not issue:
        raise MalformedEventError([FieldError(at, "is missing; it names the alert")])
    key = f"{project}/{issue}"
    if len(key) > DEDUP_KEY_CHARACTERS:
        raise MalformedEventError([FieldError(at, f"is too long (maximum is {DEDUP_KEY_CHARACTERS} characters)")])
    return key


def _object(members: Mapping[str, object], name: str) -> dict[str, object]:
    value = members.get(name)
    return value if isinstance(value, dict) else {}


def _text(members: Mapping[str, object], name: str) -> str:
    return clean.scalar(members.get(name)).strip()
