"""The doors whose URL holds the integration's key, described from the table of senders, and SNS's beside them.

Senders' bodies are templates that people fill in, so most members may be absent or of another type: what is described
is what is understood.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from adapters.inbound.http.openapi_door import KEY_PARAMETER, DoorRefused, Json, in_json, operation
from adapters.inbound.http.senders import SENDERS, Sender
from domain.shared.limits import DEDUP_KEY_CHARACTERS

type SchemaOf = Callable[[object], Json]

Key = Annotated[str, Meta(min_length=1, max_length=DEDUP_KEY_CHARACTERS)]


class AlertmanagerAlert(msgspec.Struct, rename="camel"):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")
    fingerprint: str | None = None


class AlertmanagerNotification(msgspec.Struct, rename="camel"):
    """Alertmanager webhook, version 4; Grafana's is of the same shape."""

    alerts: list[AlertmanagerAlert]
    group_key: str
    version: str = "4"
    status: Literal["firing", "resolved"] = "firing"
    receiver: str = ""
    group_labels: dict[str, str] = {}
    common_labels: dict[str, str] = {}
    common_annotations: dict[str, str] = {}
    external_url: str | None = msgspec.field(default=None, name="externalURL")
    truncated_alerts: int = 0


class PrometheusAlert(msgspec.Struct, rename="camel"):
    """As `/api/v2/alerts` of an Alertmanager takes it. It fires until its end, or for five minutes without one."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")


class CloudEvent(msgspec.Struct):
    """CloudEvents 1.0, structured. The last word of its type says what became of the condition."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: Key | None = None
    time: str | None = None
    datacontenttype: str | None = None
    data: object = None


class DatadogMessage(msgspec.Struct):
    """The payload of docs/integrations.md."""

    transition: str
    cycle_key: Key
    title: str = ""
    text: str = ""
    alert_type: str = ""
    priority: str = ""
    scope: str = ""
    hostname: str = ""
    link: str = ""
    tags: str = ""
    date_ms: str = ""


class SentryMessage(msgspec.Struct):
    """A webhook of an internal integration; `Sentry-Hook-Resource` says what `data` holds."""

    action: str
    data: dict[str, object]


class UptimeRobotMessage(msgspec.Struct, rename={"monitor_id": "monitorID", "monitor_url": "monitorURL"}):
    """Its variables, which also come as a query or as a form."""

    monitor_id: Key
    alert_type: Literal["1", "2", "3"] = msgspec.field(name="alertType")
    monitor_url: str = ""
    friendly_name: str = msgspec.field(default="", name="monitorFriendlyName")
    details: str = msgspec.field(default="", name="alertDetails")


class UptimeKumaHeartbeat(msgspec.Struct):
    status: Literal[0, 1, 2, 3]
    monitor_id: int = msgspec.field(name="monitorID")
    msg: str = ""
    time: str = ""


class UptimeKumaMessage(msgspec.Struct):
    heartbeat: UptimeKumaHeartbeat | None
    monitor: dict[str, object] | None = None
    msg: str = ""


class ZabbixMessage(msgspec.Struct):
    """The parameters of docs/integrations.md."""

    event_id: Key
    event_value: Literal["0", "1"]
    event_name: str = ""
    event_nseverity: str = ""
    event_update_status: str = ""
    event_update_action: str = ""
    event_tags: str = ""
    host_name: str = ""
    host_ip: str = ""
    trigger_id: str = ""
    trigger_url: str = ""


class SnsMessage(msgspec.Struct, rename="pascal"):
    """As SNS posts and signs it, whatever the content type says."""

    type: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]
    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    signature_version: Literal["1", "2"]
    signature: str
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    token: str | None = None
    subject: str | None = None


class AcceptedEvent(msgspec.Struct):
    dedup_key: str


class RefusedField(msgspec.Struct):
    pointer: str
    detail: str


class SenderAccepted(msgspec.Struct, omit_defaults=True):
    """How many events it told of; or that it was set aside for people, and why: its sender would never mend it."""

    status: Literal["accepted", "set aside"]
    events: int | None = None
    error: str | None = None
    refused: list[RefusedField] | None = None  # of CloudEvents: those of a batch that are none


class MappedAccepted(msgspec.Struct, omit_defaults=True):
    """The keys of the events that a mapping made of it; or that it was set aside for people, and why."""

    status: Literal["accepted", "set aside"]
    events: list[AcceptedEvent] | None = None
    error: str | None = None
    refused: list[RefusedField] | None = None


class SnsAccepted(msgspec.Struct, omit_defaults=True):
    status: Literal["accepted", "set aside", "subscribed", "unsubscribed"]
    events: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Described:
    summary: str
    bodies: Mapping[str, object]  # by media type
    accepted: object = SenderAccepted


def _in_json(body: object, summary: str, accepted: object = SenderAccepted) -> _Described:
    return _Described(summary, {"application/json": body}, accepted)


_SENDERS: Final = {
    "alertmanager": _in_json(AlertmanagerNotification, "The address of an Alertmanager webhook receiver."),
    "grafana": _in_json(AlertmanagerNotification, "The address of a webhook contact point of Grafana."),
    "prometheus": _in_json(list[PrometheusAlert], "The address of an Alertmanager, for Prometheus itself."),
    "email": _Described("Send a mail as it is (RFC 5322).", {"application/octet-stream": bytes}),
    "json": _in_json(dict[str, object], "Send JSON of any shape, of which a mapping makes an event.", MappedAccepted),
    "cloudevents": _Described(
        "Send one CloudEvent, or a batch of them.",
        {"application/cloudevents+json": CloudEvent, "application/cloudevents-batch+json": list[CloudEvent]},
    ),
    "datadog": _in_json(DatadogMessage, "The address of a webhook of Datadog."),
    "sentry": _in_json(SentryMessage, "The address of an internal integration of Sentry."),
    "uptimerobot": _in_json(UptimeRobotMessage, "The address of a web-hook of UptimeRobot."),
    "uptime-kuma": _in_json(UptimeKumaMessage, "The address of a webhook of Uptime Kuma."),
    "zabbix": _in_json(ZabbixMessage, "The address of a webhook media type of Zabbix."),
}
SENDER_BODIES: Final = (
    DoorRefused,
    SenderAccepted,
    MappedAccepted,
    SnsAccepted,
    SnsMessage,
    *(body for each in _SENDERS.values() for body in each.bodies.values() if body is not bytes),
)
_OF_PROMETHEUS: Final = "prometheus"
# A mail is bytes, whatever type it comes with; programs that make requests after a description know no message/rfc822.
_BYTES: Final[Json] = {"type": "string", "format": "binary"}


def sender_paths(of: SchemaOf) -> Iterator[tuple[str, Json]]:
    """A path item for each sender of the table, and for SNS."""
    for sender in SENDERS:
        methods = sorted(sender.methods)
        path = f"/integrations/{{integration_key}}/{sender.name}{sender.appended}"
        handshake = {} if sender.handshake is None else {"options": _handshake(sender)}
        yield path, {method.lower(): _operation(sender, method, of) for method in methods} | handshake
    yield "/integrations/{integration_key}/sns", {"post": _sns(of)}


def _operation(sender: Sender, method: str, of: SchemaOf) -> Json:
    described = _SENDERS[sender.name]
    name = f"receive_{sender.name.replace('-', '_')}"
    bodies = {media: _BYTES if body is bytes else of(body) for media, body in described.bodies.items()}
    return operation(
        name if method == "POST" else f"{name}_by_{method.lower()}",
        described.summary,
        bodies={} if method == "GET" else bodies,
        answers=_answers(sender, of),
        refused=in_json("Refused", of(DoorRefused)),
        refusals=(sender.throttled,),
        parameters=[KEY_PARAMETER],
    )


def _handshake(sender: Sender) -> Json:
    """CloudEvents, "HTTP 1.1 Web Hooks", section 4: whoever asks may send, as far as this door can tell."""
    told = {
        "WebHook-Allowed-Origin": "The origin that asks, or any.",
        "WebHook-Allowed-Rate": "Requests a minute; `*` is any number.",
        "Allow": "How events are sent.",
    }
    headers = {name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in told.items()}
    origin = {"name": "WebHook-Request-Origin", "in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "tags": ["events"],
        "summary": "Ask whether events may be sent here, as a sender of CloudEvents does before the first.",
        "operationId": f"allow_{sender.name}",
        "parameters": [KEY_PARAMETER, origin],
        "responses": {str(int(HTTPStatus.OK)): {"description": "They may", "headers": headers}},
        "security": [],
    }


def _answers(sender: Sender, of: SchemaOf) -> dict[HTTPStatus, Json]:
    if sender.name == _OF_PROMETHEUS:
        named = {"anyOf": [{"type": "string", "description": "What was invalid, by its place."}, of(DoorRefused)]}
        return {
            HTTPStatus.OK: {"description": "Stored"},
            HTTPStatus.BAD_REQUEST: in_json("What is invalid was refused; the rest is stored", named),
        }
    return {HTTPStatus.ACCEPTED: in_json("Stored", of(_SENDERS[sender.name].accepted))}


def _sns(of: SchemaOf) -> Json:
    return operation(
        "receive_sns",
        "The address of an HTTPS subscription of SNS, of a topic that the integration believes.",
        bodies={"text/plain": of(SnsMessage)},
        answers={
            HTTPStatus.OK: in_json("Done", of(SnsAccepted)),
            HTTPStatus.ACCEPTED: in_json("Set aside for people", of(SnsAccepted)),
        },
        refused=in_json("Refused", of(DoorRefused)),
        refusals=(HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS),
        parameters=[KEY_PARAMETER],
    )
