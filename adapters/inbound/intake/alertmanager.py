"""The Alertmanager webhook, version 4, and Grafana's of the same shape.

Alertmanager documentation: "Configuration", `webhook_config`; Grafana documentation: "Webhook notifications".
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError, pointer
from adapters.inbound.intake.limits import ALERTS_PER_BODY, GROUP_MEMBERS_SHOWN, SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.alert.fingerprint import fingerprint, group_hash
from domain.service.integration import GroupingMode
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

Mode = Literal["alert", "group"]


# Replicas of one Prometheus differ in these alone, and mean one alert.
REPLICA_LABELS: Final = frozenset({"replica", "prometheus_replica", "__replica__"})


class AlertBody(msgspec.Struct):
    """One alert of a body. Every member is optional and of any type, for templates may write it."""

    status: object = None
    labels: object = None
    annotations: object = None
    startsAt: object = None  # noqa: N815 the wire's name
    endsAt: object = None  # noqa: N815
    generatorURL: object = None  # noqa: N815
    fingerprint: object = None
    # Grafana
    dashboardURL: object = None  # noqa: N815
    panelURL: object = None  # noqa: N815
    silenceURL: object = None  # noqa: N815
    imageURL: object = None  # noqa: N815
    values: object = None
    valueString: object = None  # noqa: N815


class Body(msgspec.Struct):
    """One group of alerts."""

    status: object = None
    receiver: object = None
    alerts: object = None
    groupKey: object = None  # noqa: N815
    groupLabels: object = None  # noqa: N815
    commonLabels: object = None  # noqa: N815
    commonAnnotations: object = None  # noqa: N815
    externalURL: object = None  # noqa: N815
    truncatedAlerts: object = None  # noqa: N815
    notification_reason: object = None
    orgId: object = None  # noqa: N815  Grafana
    title: object = None  # Grafana


class Reported(msgspec.Struct, frozen=True):
    """An alert as far as both modes need it."""

    body: AlertBody
    labels: dict[str, str]  # as sent, before the limits: identity counts them all
    firing: bool
    key: str


class Shared(NamedTuple):
    """What a body says of all its alerts."""

    system: str  # names the sender where nothing else names a source
    group_key: str | None = None
    address: object = None  # of the sender's own pages
    details: Mapping[str, object] = MappingProxyType({})


type _Candidates = tuple[tuple[object, str], ...]  # an address, which may be none, and the text of its link

_DECODER: Final = msgspec.json.Decoder(Body)
_FIRING: Final = {"firing": True, "alerting": True, "resolved": False, "ok": False}
_ESCAPED: Final = re.compile(r"\\(.)")  # Alertmanager sends the receiver's name regex-escaped
_SUMMARY_ANNOTATIONS: Final = ("summary", "title", "message", "description")
_RUNBOOK_ANNOTATIONS: Final = ("runbook_url", "runbook")
_SOURCE_LABELS: Final = ("instance", "pod", "host", "job")


def translate(body: bytes, *, mode: Mode, ignore_labels: frozenset[str] = frozenset()) -> tuple[AlertEvent, ...]:
    """The events of one webhook call: one an alert, or one for the group.

    In group mode there is none when the body cannot tell the group's state: it has no alerts, or the list was cut
    and the rest of it is resolved. Ignored labels do not count in an alert's key, so that replicas of one Prometheus
    report one alert; Grafana's fingerprints stand, since they count labels that it does not send.

    Raises:
        MalformedEventError: no list of alerts, too many of them, or one without identity or state.
    """
    message = read(_DECODER, body)
    group_key = _group_key(message)
    alerts = _alerts(message, ignore_labels)
    if mode == "alert":
        shared = _shared(message, group_key)
        return tuple([event_of(alert, shared) for alert in alerts])
    if group_key is None:
        raise MalformedEventError([FieldError("/groupKey", "is missing; one alert a group needs it")])
    return _of_group(alerts, message, group_key)


def translate_sent(sent: Sent) -> Understood:
    """The same of a request. Raises as `translate`."""
    mode: Mode = "group" if sent.grouping is GroupingMode.PER_GROUP else "alert"
    return Understood(translate(sent.body, mode=mode, ignore_labels=sent.ignore_labels))


def _group_key(message: Body) -> str | None:
    group_key = message.groupKey
    return group_hash(group_key) if isinstance(group_key, str) and group_key else None


def _alerts(message: Body, ignore_labels: frozenset[str]) -> list[Reported]:
    if not isinstance(message.alerts, list):
        raise MalformedEventError([FieldError("/alerts", "is missing or not a list")])
    if len(message.alerts) > ALERTS_PER_BODY:
        raise MalformedEventError([FieldError("/alerts", f"has more than {ALERTS_PER_BODY:,} alerts")])
    alerts: list[Reported] = []
    problems: list[FieldError] = []
    for index, value in enumerate(message.alerts):
        found = _alert(value, message, ignore_labels)
        if isinstance(found, Reported):
            alerts.append(found)
        else:
            problems.append(FieldError(pointer("alerts", index) + found.pointer, found.reason))
    if problems:
        raise MalformedEventError(problems)
    return alerts


def _alert(value: object, message: Body, ignore_labels: frozenset[str]) -> Reported | FieldError:
    if not isinstance(value, dict):
        return FieldError("", "must be an object")
    body = msgspec.convert(value, AlertBody)
    firing = _is_firing(body.status)
    if firing is None:
        firing = _is_firing(message.status)
    if firing is None:
        return FieldError("/status", "must be 'firing' or 'resolved'")
    labels = clean.all_labels(body.labels)
    key = _key(body, labels, ignore_labels, is_grafana=message.orgId is not None)
    if key is None:
        return FieldError("/labels", "must hold at least one label, or the alert a fingerprint")
    return Reported(body=body, labels=labels, firing=firing, key=key)


def _is_firing(status: object) -> bool | None:
    return _FIRING.get(status.strip().lower()) if isinstance(status, str) else None


def _key(body: AlertBody, labels: Mapping[str, str], ignore: frozenset[str], *, is_grafana: bool) -> str | None:
    sent = clean.scalar(body.fingerprint).strip()
    usable = 0 < len(sent) <= DEDUP_KEY_CHARACTERS
    if usable and (is_grafana or ignore.isdisjoint(labels)):
        return sent
    if labels.keys() - ignore:
        return fingerprint(labels, ignore=ignore)
    return sent if usable else None


def event_of(alert: Reported, shared: Shared) -> AlertEvent:
    """What one alert says."""
    body = alert.body
    annotations = body.annotations if isinstance(body.annotations, dict) else {}
    labels = clean.labels_within_limits(alert.labels, body.labels)
    links = clean.links((*_alert_links(body, annotations), (shared.address, shared.system)))
    own = _details(annotations=annotations, values=body.values, value_string=body.valueString)
    return AlertEvent(
        action=AlertAction.TRIGGER if alert.firing else AlertAction.RESOLVE,
        dedup_key=alert.key,
        summary=clean.cut(_summary(annotations) or _name(alert), SUMMARY_CHARACTERS),
        source=_source(alert.labels, shared.system),
        severity=severities.lenient(alert.labels.get("severity")),
        # A firing alert says when it began, never when it was sent; a resolved one says when it ended.
        occurred_at=None if alert.firing else timestamps.parse(body.endsAt),
        starts_at=timestamps.parse(body.startsAt),
        group_key=shared.group_key,
        labels=labels.kept,
        details=clean.marked({**shared.details, **own}, dropped_labels=labels.dropped, dropped_links=links.dropped),
        links=links.kept,
    )


def _shared(message: Body, group_key: str | None) -> Shared:
    details = _details(receiver=_receiver(message), notification_reason=message.notification_reason)
    return Shared(_system(message), group_key, message.externalURL, details)


def _of_group(alerts: list[Reported], message: Body, group_key: str) -> tuple[AlertEvent, ...]:
    firing = [alert for alert in alerts if alert.firing]
    if not alerts or (not firing and _is_truncated(message)):
        return ()
    acting = firing or alerts
    annotations = message.commonAnnotations if isinstance(message.commonAnnotations, dict) else {}
    labels = clean.labels({**_object(message.commonLabels), **_object(message.groupLabels)})
    shared = _shared(message, group_key)
    links = clean.links((*_group_links(acting, annotations), (shared.address, shared.system)))
    own = _details(
        annotations=annotations,
        num_firing=len(firing),
        num_resolved=len(alerts) - len(firing),
        truncated_alerts=message.truncatedAlerts or None,
        firing=[_member(alert) for alert in firing[:GROUP_MEMBERS_SHOWN]],
    )
    event = AlertEvent(
        action=AlertAction.TRIGGER if firing else AlertAction.RESOLVE,
        dedup_key=group_key,
        summary=clean.cut(_group_summary(annotations, message, acting, labels.kept), SUMMARY_CHARACTERS),
        source=_source(labels.kept, shared.system),
        severity=_worst(acting),
        occurred_at=None if firing else _latest(timestamps.parse(alert.body.endsAt) for alert in acting),
        # The latest, so that a member that joins makes the occurrence younger and a repeat does not.
        starts_at=_latest(timestamps.parse(alert.body.startsAt) for alert in acting),
        group_key=group_key,
        labels=labels.kept,
        details=clean.marked({**shared.details, **own}, dropped_labels=labels.dropped, dropped_links=links.dropped),
        links=links.kept,
    )
    return (event,)


def _is_truncated(message: Body) -> bool:
    return clean.scalar(message.truncatedAlerts) not in {"", "0", "0.0", "false"}


def _details(**members: object) -> dict[str, object]:
    """What says something: nothing, and what is empty, does not."""
    return {name: clean.json_value(member) for name, member in members.items() if member or member == 0}


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _summary(annotations: dict[str, object]) -> str:
    for name in _SUMMARY_ANNOTATIONS:
        if text := clean.scalar(annotations.get(name)).strip():
            return text
    return ""


def _name(alert: Reported) -> str:
    words = (alert.labels.get("alertname"), alert.labels.get("instance"))
    return " ".join(word for word in words if word) or alert.key


def _group_summary(
    annotations: dict[str, object], message: Body, acting: list[Reported], labels: Mapping[str, str]
) -> str:
    text = _summary(annotations) or clean.scalar(message.title).strip()
    if text:
        return text
    if len(acting) == 1:
        return _summary(_object(acting[0].body.annotations)) or _name(acting[0])
    state = "FIRING" if acting[0].firing else "RESOLVED"
    return f"[{state}:{len(acting)}] " + " ".join(
        [labels.get("alertname", _name(acting[0]))]
        + [value for name, value in sorted(labels.items()) if name not in {"alertname", "severity"}]
    )


def _member(alert: Reported) -> dict[str, object]:
    return {
        "fingerprint": alert.key,
        "labels": clean.labels_within_limits(alert.labels, alert.body.labels).kept,
        "summary": _summary(_object(alert.body.annotations)),
    }


def _worst(alerts: list[Reported]) -> AlertSeverity | None:
    graded = [severities.lenient(alert.labels.get("severity")) for alert in alerts]
    return max((severity for severity in graded if severity), key=severities.rank, default=None)


def _latest(instants: Iterator[datetime | None]) -> datetime | None:
    return max((instant for instant in instants if instant), default=None)


def _source(labels: Mapping[str, str], system: str) -> str:
    for name in _SOURCE_LABELS:
        if name in labels:
            return clean.cut(labels[name] or system, SOURCE_CHARACTERS)
    return clean.cut(system, SOURCE_CHARACTERS)


def _system(message: Body) -> str:
    return "Alertmanager" if message.orgId is None else "Grafana"


def _receiver(message: Body) -> str:
    return _ESCAPED.sub(r"\1", clean.scalar(message.receiver))


def _alert_links(body: AlertBody, annotations: dict[str, object]) -> _Candidates:
    return (
        *_runbooks(annotations),
        (body.dashboardURL, "dashboard"),
        (body.panelURL, "panel"),
        (body.generatorURL, "source"),
        (body.silenceURL, "silence"),
        (body.imageURL, "image"),
    )


def _group_links(acting: list[Reported], annotations: dict[str, object]) -> _Candidates:
    of_first = _alert_links(acting[0].body, _object(acting[0].body.annotations))
    return (*_runbooks(annotations), *of_first)


def _runbooks(annotations: dict[str, object]) -> _Candidates:
    return tuple([(annotations.get(name), "runbook") for name in _RUNBOOK_ANNOTATIONS])
