"""Error to status: RFC 9457, Problem Details for HTTP APIs.

One table says which error of the core has which status. An error names its code and its sentence; only this module
knows HTTP. A bug answers 500 without detail and is logged here, once.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from adapters.inbound.http.request_context import request_id_of
from application.errors import (
    ApplicationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UnprovedPolicyError,
)
from application.ports.errors import ContendedError, PermanentPortError, PortError, TransientPortError
from domain.shared.errors import DomainError, IllegalTransitionError, InvalidValueError

MEDIA_TYPE: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="tocsin"'  # RFC 6750, 3

_log = structlog.get_logger()


class Answer(NamedTuple):
    status: HTTPStatus
    title: str  # the same for every occurrence of the type


ANSWERS: Final[Mapping[type[Exception], Answer]] = {
    DomainError: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "A rule says no"),
    InvalidValueError: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "A value is not allowed"),
    IllegalTransitionError: Answer(HTTPStatus.CONFLICT, "The state does not permit this"),
    ApplicationError: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The request cannot be carried out"),
    NotFoundError: Answer(HTTPStatus.NOT_FOUND, "Not found"),
    ConflictError: Answer(HTTPStatus.CONFLICT, "In conflict with something else"),
    ForbiddenError: Answer(HTTPStatus.FORBIDDEN, "Not permitted"),
    UnauthenticatedError: Answer(HTTPStatus.UNAUTHORIZED, "Not authenticated"),
    RateLimitedError: Answer(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"),
    UnprovedPolicyError: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Nobody would be told in time"),
    PortError: Answer(HTTPStatus.BAD_GATEWAY, "Something that this needs failed"),
    TransientPortError: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "Something that this needs does not answer"),
    ContendedError: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "Others changed the same at that moment"),
    PermanentPortError: Answer(HTTPStatus.BAD_GATEWAY, "Something that this needs failed"),
}


class FieldProblem(msgspec.Struct, omit_defaults=True):
    """What is wrong with one value: in the body, where `pointer` says, or in the query or a header of that name."""

    code: str
    detail: str
    pointer: str | None = None  # RFC 6901, section 6: a JSON pointer as a URI fragment
    parameter: str | None = None
    header: str | None = None


class Problem(msgspec.Struct, omit_defaults=True):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldProblem] = []


class RequestError(Exception):
    """The request is wrong as HTTP, before any rule of ours is asked."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def answer_for(kind: type[BaseException]) -> Answer | None:
    """The entry of the nearest ancestor that the table names; None: no error of ours."""
    return next((ANSWERS[each] for each in kind.__mro__ if each in ANSWERS), None)


def to_response(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The problem that answers an error."""
    status, title, code, detail, errors, headers = _described(request, error)
    request_id = request_id_of(request.scope)
    problem = Problem(
        type=f"urn:tocsin:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        # Not the path: the path of a link is a secret.
        instance=f"urn:tocsin:request:{request_id}",
        code=code,
        request_id=request_id,
        errors=list(errors),
    )
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)


class _Described(NamedTuple):
    status: HTTPStatus
    title: str
    code: str
    detail: str
    errors: Sequence[FieldProblem] = ()
    headers: Mapping[str, str] = {}


def _described(request: Request[Any, Any, Any], error: Exception) -> _Described:
    if isinstance(error, RequestError):
        return _Described(error.status, error.status.phrase, error.code, error.detail, error.errors, error.headers)
    if isinstance(error, DomainError | ApplicationError | PortError):
        return _of_core(error)
    if isinstance(error, ValidationException):
        errors = tuple(_parameters(error))
        detail = f"{len(errors)} {'value is' if len(errors) == 1 else 'values are'} not valid"
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _Described(status, "The request is not valid", "validation_failed", detail, errors)
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_framework(request, error)
    _log.error("http_request_failed", request_id=request_id_of(request.scope), exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _Described(status, status.phrase, "internal_error", "This is a fault of ours, and it has been logged.")


def _of_core(error: DomainError | ApplicationError | PortError) -> _Described:
    answer = answer_for(type(error))
    assert answer is not None, "the table names the bases"
    errors: tuple[FieldProblem, ...] = ()
    headers: dict[str, str] = {}
    # What a port says of its failure is for the log of the operator, not for the caller.
    detail = answer.title + "." if isinstance(error, PortError) else str(error)
    if isinstance(error, InvalidValueError):
        errors = (FieldProblem(pointer=pointer(*steps(error.field)), code=error.code, detail=error.reason),)
    elif isinstance(error, UnprovedPolicyError):
        errors = tuple(FieldProblem(pointer="#/steps", code=error.code, detail=each) for each in error.counter_examples)
    elif isinstance(error, RateLimitedError | TransientPortError):
        headers["Retry-After"] = seconds(error.retry_after)
    elif isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = CHALLENGE
    return _Described(answer.status, answer.title, error.code, detail, errors, headers)


def _of_framework(request: Request[Any, Any, Any], error: HTTPException) -> _Described:
    status = HTTPStatus(error.status_code)
    headers = {}
    if status is HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this path."
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = (error.headers or {}).get("allow", "")
        detail = f"{request.method} is not possible here; possible are {headers['Allow']}."
    elif status is HTTPStatus.BAD_REQUEST:
        detail = "The request could not be read."
    else:
        detail = f"{status.description or status.phrase}."
    return _Described(status, status.phrase, status.name.lower(), detail, (), headers)


def _parameters(error: ValidationException) -> Iterator[FieldProblem]:
    extra = error.extra if isinstance(error.extra, list) else [{"message": error.detail}]
    for each in extra:
        key, source = str(each.get("key", "")), each.get("source")
        detail = sentence(str(each["message"]))
        if source == "body":
            yield FieldProblem(pointer=pointer(*steps(key)), code="invalid_value", detail=detail)
        elif source == "header":
            yield FieldProblem(header=key, code="invalid_value", detail=detail)
        else:
            yield FieldProblem(parameter=key, code="invalid_value", detail=detail)


def seconds(span: timedelta) -> str:
    """`Retry-After` in whole seconds, at least one."""
    return str(max(1, ceil(span.total_seconds())))


def steps(field: str) -> tuple[str, ...]:
    """`layers[0].rotation` as its steps: layers, 0, rotation."""
    return tuple(step for step in field.replace("[", ".").replace("]", "").split(".") if step)


def pointer(*tokens: str | int) -> str:
    """RFC 6901, section 6, of these steps; `#` is the whole body."""
    return "#" + "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def sentence(message: str) -> str:
    """What the decoder says of a value, in our words."""
    return message.replace("Expected ", "must be ", 1).replace("`", "'")
