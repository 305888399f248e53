"""What the descriptions of all doors for events have in common: what is answered before a body is looked at."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

type Json = dict[str, Any]

KEY_PARAMETER: Final[Json] = {
    "name": "integration_key",
    "in": "path",
    "required": True,
    "description": "The key of an integration. It is a secret.",
    "schema": {"type": "string"},
}
_REFUSALS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,  # of a compressed body alone; its type is told by its address
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
# Those whose `Retry-After` says when another try may go better.
_COME_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RETRY_AFTER: Final[Json] = {
    "Retry-After": {"description": "In how many seconds to come again.", "schema": {"type": "integer", "minimum": 1}}
}


class DoorRefused(msgspec.Struct):
    error: str


def in_json(description: str, schema: Json, *, media_type: str = "application/json") -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def operation(
    operation_id: str,
    summary: str,
    *,
    bodies: Mapping[str, Json],
    answers: Mapping[HTTPStatus, Json],
    refused: Json,
    refusals: Sequence[HTTPStatus] = (),
    parameters: Sequence[Json] = (),
    security: Sequence[Json] = (),
    is_body_required: bool = True,
) -> Json:
    """Of one path and method. `bodies` are by media type; `refusals` are those beyond what every door says.

    Without `security` the key is a part of the body or of the path.
    """
    said = dict.fromkeys((*_REFUSALS, *refusals), refused) | dict(answers)
    described: Json = {
        "tags": ["events"],
        "summary": summary,
        "description": "The answer comes after the commit: what was accepted is not lost.",
        "operationId": operation_id,
        "parameters": list(parameters),
        "responses": {str(int(status)): _with_wait(status, answer) for status, answer in sorted(said.items())},
        "security": list(security),
    }
    if bodies:
        content = {media_type: {"schema": schema} for media_type, schema in bodies.items()}
        described["requestBody"] = {"required": is_body_required, "content": content}
    return described


def _with_wait(status: HTTPStatus, answer: Json) -> Json:
    return {**answer, "headers": _RETRY_AFTER} if status in _COME_AGAIN else answer
