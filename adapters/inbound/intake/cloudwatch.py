"""CloudWatch alarms: as SNS publishes them, and as EventBridge does.

Amazon CloudWatch user guide, "Alarm events and EventBridge" and "Using Amazon CloudWatch alarms". Only changes of state
are told, once each: an alarm without actions for OK never says that it is over.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec

from adapters.inbound.intake import clean, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.limits import SOURCE_CHARACTERS
from adapters.inbound.intake.reading import read
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

NEVER_RESOLVES: Final = "tocsin.never_resolves"
EVENTBRIDGE_SOURCE: Final = "aws.cloudwatch"
_STATE_CHANGE: Final = "CloudWatch Alarm State Change"
_DECODER: Final = msgspec.json.Decoder(dict[str, object])
# INSUFFICIENT_DATA decides nothing: what alarmed before still does, and what did not is not over.
_ACTIONS: Final = {"ALARM": AlertAction.TRIGGER, "OK": AlertAction.RESOLVE}
_STATES: Final = frozenset({*_ACTIONS, "INSUFFICIENT_DATA"})

type Members = Mapping[str, object]


def translate(body: bytes, *, topic_arn: str = "") -> tuple[AlertEvent, ...]:
    """What an alarm's message or event says; nothing for what decides nothing.

    Raises:
        MalformedEventError: no JSON object, no alarm, or a state that is none.
    """
    members = read(_DECODER, body)
    if is_eventbridge(members):
        return _of_eventbridge(members)
    if "AlarmName" not in members or "NewStateValue" not in members:
        raise MalformedEventError([FieldError("", "is no CloudWatch alarm")])
    return _of_sns(members, topic_arn)


def is_eventbridge(members: Members) -> bool:
    return members.get("source") == EVENTBRIDGE_SOURCE and isinstance(members.get("detail"), dict)


def _of_sns(members: Members, topic_arn: str) -> tuple[AlertEvent, ...]:
    action = _action(_text(members, "NewStateValue"), "/NewStateValue")
    if action is None:
        return ()
    name = _text(members, "AlarmName")
    arn = _text(members, "AlarmArn") or _rebuilt_arn(members, name, topic_arn)
    trigger = _object(members, "Trigger")
    changed_at = timestamps.parse(members.get("StateChangeTime"))
    description = _text(members, "AlarmDescription")
    details: dict[str, object] = {
        "reason": _text(members, "NewStateReason"),
        "description": clean.json_value(description),
        "previous_state": _text(members, "OldStateValue"),
        "trigger": clean.json_value(trigger),
    }
    if members.get("OKActions") == []:
        details[NEVER_RESOLVES] = "the alarm has no actions for OK, so it never says that it is over"
    dimensions = {
        _text(each, "name"): each.get("value") for each in _objects(trigger.get("Dimensions")) if _text(each, "name")
    }
    return (
        _event(
            action,
            arn=arn,
            name=name,
            reason=_text(members, "NewStateReason"),
            labels={
                **dimensions,
                "account": members.get("AWSAccountId"),
                "namespace": trigger.get("Namespace"),
                "metric": trigger.get("MetricName"),
            },
            details=details,
            changed_at=changed_at,
            description=description,
        ),
    )


def _of_eventbridge(members: Members) -> tuple[AlertEvent, ...]:
    if members.get("detail-type") != _STATE_CHANGE:
        return ()  # such as a change of the alarm's configuration
    detail = _object(members, "detail")
    state, configuration = _object(detail, "state"), _object(detail, "configuration")
    action = _action(_text(state, "value"), "/detail/state/value")
    if action is None:
        return ()
    name = _text(detail, "alarmName")
    resources = members.get("resources")
    arn = clean.scalar(resources[0]) if isinstance(resources, list) and resources else ""
    if not arn:
        arn = f"arn:aws:cloudwatch:{_text(members, 'region')}:{_text(members, 'account')}:alarm:{name}"
    metrics = [_object(_object(each, "metricStat"), "metric") for each in _objects(configuration.get("metrics"))]
    metric: Members = next((each for each in metrics if each), {})
    description = _text(configuration, "description")
    return (
        _event(
            action,
            arn=arn,
            name=name,
            reason=_text(state, "reason"),
            labels={
                **_object(metric, "dimensions"),
                "account": members.get("account"),
                "namespace": metric.get("namespace"),
                "metric": metric.get("name"),
            },
            details={
                "reason": _text(state, "reason"),
                "description": clean.json_value(description),
                "previous_state": _text(_object(detail, "previousState"), "value"),
                "reason_data": clean.json_value(state.get("reasonData")),
            },
            changed_at=timestamps.parse(state.get("timestamp")) or timestamps.parse(members.get("time")),
            description=description,
        ),
    )


def _event(
    action: AlertAction,
    *,
    arn: str,
    name: str,
    reason: str,
    labels: Members,
    details: dict[str, object],
    changed_at: datetime | None,
    description: str,
) -> AlertEvent:
    if not name:
        raise MalformedEventError([FieldError("/AlarmName", "is missing; it names the alert")])
    region = (arn.split(":") + [""] * 4)[3]
    kept = clean.labels({**labels, "region": region, "alarmname": name})
    links = clean.links(((_runbook(description), "runbook"), (_console(region, name), "CloudWatch")))
    return AlertEvent(
        action=action,
        dedup_key=_key(arn),
        summary=clean.cut(f"{name}: {reason}" if reason else name, SUMMARY_CHARACTERS),
        source=clean.cut(arn, SOURCE_CHARACTERS),
        occurred_at=changed_at,
        starts_at=changed_at,  # a delivery that is tried again may come after the one that says it is over
        labels=kept.kept,
        details=clean.marked(
            {member: value for member, value in details.items() if value},
            dropped_labels=kept.dropped,
            dropped_links=links.dropped,
        ),
        links=links.kept,
    )


def _action(state: str, at: str) -> AlertAction | None:
    if state not in _STATES:
        raise MalformedEventError([FieldError(at, f"must be one of {', '.join(sorted(_STATES))}")])
    return _ACTIONS.get(state)


def _rebuilt_arn(members: Members, name: str, topic_arn: str) -> str:
    """Older messages lack it. `Region` is a name for people; its code is in the topic's ARN."""
    region = (topic_arn.split(":") + [""] * 4)[3]
    return f"arn:aws:cloudwatch:{region}:{_text(members, 'AWSAccountId')}:alarm:{name}"


def _key(arn: str) -> str:
    """An alarm's name alone may have 255 characters."""
    if len(arn) <= DEDUP_KEY_CHARACTERS:
        return arn
    return "sha256:" + hashlib.sha256(arn.encode("utf-8", "surrogatepass")).hexdigest()


def _runbook(description: str) -> object:
    """Some keep JSON in the description, which has no other room for it."""
    try:
        return read(_DECODER, description.encode("utf-8", "replace")).get("runbook")
    except MalformedEventError:
        return None


def _console(region: str, name: str) -> str:
    if not region:
        return ""
    encoded = quote(name.encode("utf-8", "replace"), safe="")
    return f"https://console.aws.amazon.com/cloudwatch/home?region={quote(region, safe='')}#alarmsV2:alarm/{encoded}"


def _objects(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(members: Members, name: str) -> dict[str, object]:
    value = members.get(name)
    return value if isinstance(value, dict) else {}


def _text(members: Members, name: str) -> str:
    return clean.scalar(members.get(name)).strip()
