"""Opsgenie's Alert API, as far as it is spoken here."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from adapters.inbound.http.openapi_door import Json, in_json, operation
from adapters.inbound.http.opsgenie import ACTIONS
from adapters.inbound.intake.opsgenie import ALIAS_CHARACTERS
from application.ports.alert_requests import RequestedAction

type SchemaOf = Callable[[object], Json]

SECURITY_SCHEME: Final[Json] = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "`GenieKey` and the key of an integration.",
}
_SECURITY: Final[list[Json]] = [{"genie_key": []}]


class OpsgenieAlert(msgspec.Struct):
    message: Annotated[str, Meta(min_length=1)]
    alias: Annotated[str, Meta(max_length=ALIAS_CHARACTERS)] | None = None
    description: str | None = None
    priority: Literal["P1", "P2", "P3", "P4", "P5"] | None = None
    source: str | None = None
    entity: str | None = None
    tags: list[str] = []
    details: dict[str, str] = {}
    note: str | None = None
    user: str | None = None


class OpsgenieNote(msgspec.Struct):
    note: str = ""
    user: str | None = None
    source: str | None = None


class OpsgenieAnswer(msgspec.Struct):
    """What every answer has; `request_id` leads to what came of a write."""

    took: float
    request_id: str = msgspec.field(name="requestId")


class OpsgenieAccepted(OpsgenieAnswer, kw_only=True):
    result: str


class OpsgenieFound(OpsgenieAnswer, kw_only=True):
    data: dict[str, object]


class OpsgenieRefused(OpsgenieAnswer, kw_only=True, omit_defaults=True):
    message: str
    errors: dict[str, str] | None = None


OPSGENIE_BODIES: Final = (OpsgenieAlert, OpsgenieNote, OpsgenieAccepted, OpsgenieFound, OpsgenieRefused)

_IDENTIFIER: Final[Json] = {
    "name": "identifier",
    "in": "path",
    "required": True,
    "description": "The alert, by whatever `identifierType` says.",
    "schema": {"type": "string"},
}
_IDENTIFIER_TYPE: Final[Json] = {
    "name": "identifierType",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["id", "alias", "tiny"], "default": "id"},
}
_NAMED: Final = (_IDENTIFIER, _IDENTIFIER_TYPE)
_SUMMARIES: Final = {
    RequestedAction.ACKNOWLEDGE: "Acknowledge an alert.",
    RequestedAction.CLOSE: "Close an alert.",
    RequestedAction.ADD_NOTE: "Add a note to the timeline of an alert.",
    RequestedAction.UPDATE: "Changes nothing: an Alertmanager that updates alerts asks for it with every repeat.",
}


def opsgenie_paths(of: SchemaOf) -> Iterator[tuple[str, Json]]:
    """The path items, without the second home of each below `/opsgenie`."""
    yield "/v2/alerts", {"post": _write(of, "create_opsgenie_alert", "Create an alert.", OpsgenieAlert)}
    yield "/v2/alerts/{identifier}", {"get": _read(of, "get_opsgenie_alert", "Show an alert.", _NAMED)}
    for (method, action), requested in ACTIONS.items():
        written = _write(of, f"set_opsgenie_{action}", _SUMMARIES[requested], OpsgenieNote, named=True)
        yield f"/v2/alerts/{{identifier}}/{action}", {method.lower(): written}
    request_id = {"name": "request_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    asked = _read(of, "get_opsgenie_request", "What came of a write.", (request_id,))
    yield "/v2/alerts/requests/{request_id}", {"get": asked}


def _write(of: SchemaOf, operation_id: str, summary: str, body: object, *, named: bool = False) -> Json:
    return operation(
        operation_id,
        summary,
        bodies={"application/json": of(body)},
        is_body_required=not named,
        answers={HTTPStatus.ACCEPTED: in_json("Done; the request's status says what came of it", of(OpsgenieAccepted))},
        refused=in_json("Refused", of(OpsgenieRefused)),
        refusals=(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS),
        parameters=_NAMED if named else (),
        security=_SECURITY,
    )


def _read(of: SchemaOf, operation_id: str, summary: str, parameters: tuple[Json, ...]) -> Json:
    return operation(
        operation_id,
        summary,
        bodies={},
        answers={HTTPStatus.OK: in_json("Found", of(OpsgenieFound))},
        refused=in_json("Refused", of(OpsgenieRefused)),
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS),
        parameters=parameters,
        security=_SECURITY,
    )
