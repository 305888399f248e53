"""The doors for events, described by hand: they are plain ASGI, and take more than they promise."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from adapters.inbound.intake.native import EventBatchBody, EventBody
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

type Json = dict[str, Any]

Summary = Annotated[str, Meta(min_length=1, max_length=SUMMARY_CHARACTERS)]
DedupKey = Annotated[str, Meta(min_length=1, max_length=DEDUP_KEY_CHARACTERS)]


class PagerDutyLink(msgspec.Struct):
    href: str
    text: str = ""


class PagerDutyImage(msgspec.Struct):
    src: str
    href: str | None = None
    alt: str | None = None


class PagerDutyPayload(msgspec.Struct):
    summary: Summary
    source: str
    severity: Literal["critical", "error", "warning", "info"]
    timestamp: str | None = None
    component: str | None = None
    group: str | None = None
    # `class` is no name in Python
    class_: str | None = msgspec.field(default=None, name="class")
    custom_details: dict[str, object] = {}


class PagerDutyEvent(msgspec.Struct):
    """PagerDuty Events API v2. `payload` is needed to trigger, `dedup_key` to acknowledge and to resolve."""

    routing_key: Annotated[str, Meta(description="The key of an integration.")]
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: DedupKey | None = None
    payload: PagerDutyPayload | None = None
    links: list[PagerDutyLink] = []
    images: list[PagerDutyImage] = []
    client: str | None = None
    client_url: str | None = None


class PagerDutyChangePayload(msgspec.Struct):
    summary: Summary
    source: str | None = None
    timestamp: str | None = None
    custom_details: dict[str, object] = {}


class PagerDutyChange(msgspec.Struct):
    """PagerDuty change event. It is shown beside incidents and pages nobody."""

    routing_key: Annotated[str, Meta(description="The key of an integration.")]
    payload: PagerDutyChangePayload
    links: list[PagerDutyLink] = []


class PagerDutyAccepted(msgspec.Struct):
    status: Literal["success"]
    message: str
    dedup_key: str


class PagerDutyChangeAccepted(msgspec.Struct):
    status: Literal["success"]
    message: str
    id: str


class PagerDutyRefused(msgspec.Struct):
    status: str
    message: str
    errors: list[str]


class AlertmanagerAlert(msgspec.Struct, rename="camel"):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")
    fingerprint: str | None = None


class AlertmanagerNotification(msgspec.Struct, rename="camel"):
    """Alertmanager webhook, version 4."""

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


class AlertmanagerAccepted(msgspec.Struct, omit_defaults=True):
    status: str
    events: int | None = None
    error: str | None = None


class DoorRefused(msgspec.Struct):
    error: str


class AcceptedEvent(msgspec.Struct):
    dedup_key: str


class EventsAccepted(msgspec.Struct):
    """The keys by which the alerts can be cleared, in the order of the events."""

    status: Literal["accepted"]
    events: list[AcceptedEvent]


class RefusedField(msgspec.Struct):
    pointer: str
    detail: str


class EventsRefused(msgspec.Struct, omit_defaults=True):
    """A problem (RFC 9457). It names no request: doors write no line of their own in the log."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[RefusedField] = []


INTAKE_BODIES: Final = (
    EventsRefused,
    EventBody,
    EventBatchBody,
    EventsAccepted,
    PagerDutyEvent,
    PagerDutyAccepted,
    PagerDutyRefused,
    PagerDutyChange,
    PagerDutyChangeAccepted,
    AlertmanagerNotification,
    AlertmanagerAccepted,
    DoorRefused,
)

_KEY_PARAMETER: Final[Json] = {
    "name": "integration_key",
    "in": "path",
    "required": True,
    "description": "The key of an integration. It is a secret.",
    "schema": {"type": "string"},
}


def intake_paths(schemas: Mapping[str, Json]) -> dict[str, Json]:
    """The path items of the doors; `schemas` has one for each of `INTAKE_BODIES`, by its repr."""

    def of(kind: object) -> Json:
        return schemas[repr(kind)]

    return {
        "/v2/enqueue": _door(
            "enqueue_pagerduty_event",
            "Send an event, as PagerDuty's Events API v2 takes it.",
            body=of(PagerDutyEvent),
            accepted=of(PagerDutyAccepted),
            refused=_json("Refused", of(PagerDutyRefused)),
        ),
        "/v2/change/enqueue": _door(
            "enqueue_pagerduty_change",
            "Send a change event, as PagerDuty's Events API v2 takes it.",
            body=of(PagerDutyChange),
            accepted=of(PagerDutyChangeAccepted),
            refused=_json("Refused", of(PagerDutyRefused)),
        ),
        "/integrations/{integration_key}/alertmanager": _door(
            "receive_alertmanager_notification",
            "The address of an Alertmanager webhook receiver.",
            body=of(AlertmanagerNotification),
            accepted=of(AlertmanagerAccepted),
            refused=_json("Refused", of(DoorRefused)),
            parameters=[_KEY_PARAMETER],
        ),
        "/v1/events": _door(
            "receive_events",
            "Send one event, or several that are accepted or refused together.",
            body={"anyOf": [of(EventBody), of(EventBatchBody)]},
            accepted=of(EventsAccepted),
            refused={
                "description": "Refused, and why (RFC 9457)",
                "content": {"application/problem+json": {"schema": of(EventsRefused)}},
            },
            security=[{"integration_key": []}],
        ),
    }


def _door(
    operation_id: str,
    summary: str,
    *,
    body: Json,
    accepted: Json,
    refused: Json,
    parameters: list[Json] | None = None,
    security: list[Json] | None = None,
) -> Json:
    refusals = (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    return {
        "post": {
            "tags": ["events"],
            "summary": summary,
            "description": "The answer comes after the commit: what was accepted is not lost.",
            "operationId": operation_id,
            "parameters": parameters or [],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {
                "202": _json("Stored", accepted),
                **{str(int(status)): refused for status in refusals},
            },
            "security": security or [],  # none: the key is a part of the body or of the path
        }
    }


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
