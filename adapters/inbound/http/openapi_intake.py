"""The doors for events, described by hand: they are plain ASGI, and take more than they promise."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from adapters.inbound.http.openapi_door import Json, in_json, operation
from adapters.inbound.http.openapi_heartbeats import heartbeat_paths
from adapters.inbound.http.openapi_opsgenie import OPSGENIE_BODIES, opsgenie_paths
from adapters.inbound.http.openapi_senders import SENDER_BODIES, AcceptedEvent, RefusedField, SchemaOf, sender_paths
from adapters.inbound.intake.native import EventBatchBody, EventBody
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

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


class EventsAccepted(msgspec.Struct):
    """The keys by which the alerts can be cleared, in the order of the events."""

    status: Literal["accepted"]
    events: list[AcceptedEvent]


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
    *SENDER_BODIES,
    *OPSGENIE_BODIES,
)


def intake_paths(schemas: Mapping[str, Json]) -> dict[str, Json]:
    """The path items of the doors; `schemas` has one for each of `INTAKE_BODIES` and for problems, by its repr."""

    def of(kind: object) -> Json:
        return schemas[repr(kind)]

    return {
        "/v2/enqueue": {"post": _pagerduty(of, "event", PagerDutyEvent, PagerDutyAccepted)},
        "/v2/change/enqueue": {"post": _pagerduty(of, "change", PagerDutyChange, PagerDutyChangeAccepted)},
        "/v1/events": {
            "post": operation(
                "receive_events",
                "Send one event, or several that are accepted or refused together.",
                bodies={"application/json": {"anyOf": [of(EventBody), of(EventBatchBody)]}},
                answers={HTTPStatus.ACCEPTED: in_json("Stored", of(EventsAccepted))},
                refused=in_json(
                    "Refused, and why (RFC 9457)", of(EventsRefused), media_type="application/problem+json"
                ),
                refusals=(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS),
                security=[{"integration_key": []}],
            )
        },
        **dict(sender_paths(of)),
        **dict(opsgenie_paths(of)),
        **dict(heartbeat_paths(of)),
    }


def _pagerduty(of: SchemaOf, noun: str, body: object, accepted: object) -> Json:
    told = "an event" if noun == "event" else "a change event"
    return operation(
        f"enqueue_pagerduty_{noun}",
        f"Send {told}, as PagerDuty's Events API v2 takes it.",
        bodies={"application/json": of(body)},
        answers={HTTPStatus.ACCEPTED: in_json("Stored", of(accepted))},
        refused=in_json("Refused", of(PagerDutyRefused)),
        refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
    )
