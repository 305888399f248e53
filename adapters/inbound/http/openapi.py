"""The API's description: OpenAPI 3.1, derived from the handlers and completed.

The framework finds routes and parameters. Bodies come from msgspec itself, which knows which of them refuse unknown
fields. Problems and credentials are added to every operation, and the doors for events, which no handler describes.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, NamedTuple, get_args, get_origin

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ControllerRouterHandler

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.openapi_intake import INTAKE_BODIES, intake_paths
from adapters.inbound.http.openapi_opsgenie import SECURITY_SCHEME
from adapters.inbound.http.problem import MEDIA_TYPE, Problem

type Json = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_PROBLEM_REF: Final = {"$ref": "#/components/responses/Problem"}
_METHODS: Final = frozenset({"get", "put", "post", "patch", "delete"})
_GUARDED: Final = frozenset({"put", "patch"})  # RFC 6585, 3: a change names what it changes
_IF_MATCH: Final[Json] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that was read.",
    "schema": {"type": "string"},
}


class _Unserved(Router):
    """Takes the framework's own pages for its description and shows none of them: ours has its own place."""

    __slots__ = ()

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        return []


class Description:
    """The finished document of one application, made when it is first asked for."""

    def __init__(self) -> None:
        self._content: bytes | None = None
        self._app: Litestar | None = None

    def describe(self, app: Litestar) -> None:
        self._app = app

    @property
    def content(self) -> bytes:
        if self._content is None:
            assert self._app is not None, "the application is described before it serves"
            self._content = msgspec.json.encode(document(self._app))
        return self._content

    def handler(self) -> HTTPRouteHandler:
        @get("/openapi.json", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
        def openapi_json() -> Response[bytes]:
            """The API's description."""
            return Response(self.content, media_type="application/json", headers={"Cache-Control": "no-cache"})

        return openapi_json


def config(version: str) -> OpenAPIConfig:
    """What the framework needs to know for its part."""
    return OpenAPIConfig(
        title="Tocsin",
        version=version,
        description=(
            "Alerts in, the right person awake, every page explained. Errors are problems (RFC 9457). Lists come in "
            "pages: follow `next_cursor`, or the `Link` header. Changes need `If-Match` with the `ETag` that was read."
        ),
        openapi_router=_Unserved("/_unserved", route_handlers=[]),
        operation_id_creator=lambda handler, method, path: _operation_id(handler),
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"bearer": []}],
        use_handler_docstrings=True,
    )


def document(app: Litestar) -> Json:
    """The whole description. The same application gives the same document, to the byte."""
    described: Json = app.openapi_schema.to_schema()
    operations = list(_operations(app))
    named: Json = described["components"].get("schemas", {})  # the framework's, of which only parameters need any
    wanted = [kind for each in operations for kind in (each.body, each.answer) if kind is not None]
    schemas, components = _schemas([*wanted, Problem, *INTAKE_BODIES])
    for each in operations:
        _complete(described["paths"][each.path][each.method], each, schemas, named)
    for path, item in intake_paths(schemas).items():
        described["paths"][path] = item
    described["paths"] = dict(sorted(described["paths"].items()))
    described["components"]["schemas"] = dict(sorted(components.items()))
    described["components"]["responses"] = {"Problem": _problem_response(schemas)}
    described["components"]["securitySchemes"]["bearer"]["description"] = "An access token or an API key."
    described["components"]["securitySchemes"]["integration_key"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of an integration.",
    }
    described["components"]["securitySchemes"]["genie_key"] = SECURITY_SCHEME
    described.pop("servers", None)
    return described


class _Operation(NamedTuple):
    path: str
    method: str
    handler: HTTPRouteHandler
    body: Any  # the type of the JSON body, None without
    answer: Any  # the type of the JSON answer, None without


def _operations(app: Litestar) -> Iterator[_Operation]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if method.lower() in _METHODS and handler.resolve_include_in_schema():
                field = handler.parsed_data_field
                body = None if field is None else field.annotation
                path = route.path_format or "/"
                yield _Operation(path, method.lower(), handler, body, _answer_type(handler))


def _answer_type(handler: HTTPRouteHandler) -> Any:
    """The type that is answered as JSON; None for an answer without a body, or of another kind."""
    kind = handler.parsed_return_field.annotation
    if get_origin(kind) is Response:
        (kind,) = get_args(kind)
    is_described = (isinstance(kind, type) and issubclass(kind, msgspec.Struct)) or get_origin(kind) is not None
    return kind if is_described and _media_type(handler) == "application/json" else None


def _media_type(handler: HTTPRouteHandler) -> str:
    given = handler.media_type or "application/json"
    return str(given.value if isinstance(given, Enum) else given)


def _operation_id(handler: HTTPRouteHandler) -> str:
    noun, _, verb = handler.fn.__qualname__.rpartition(".")
    noun = noun.rpartition(".")[2].removesuffix("Controller").removesuffix("<locals>")
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in noun).strip("_")
    return f"{words}_{verb}" if words else verb


def _schemas(kinds: Iterable[Any]) -> tuple[dict[str, Json], Json]:
    """A schema for each type, by its repr, since not every type has a hash; and what they refer to."""
    distinct = {repr(kind): kind for kind in kinds}
    found, components = msgspec.json.schema_components(distinct.values(), ref_template=_REF, schema_hook=_any_value)
    return dict(zip(distinct, found, strict=True)), components


def _any_value(kind: type) -> Json:
    """`object` is whatever JSON can say."""
    if kind is not object:
        raise NotImplementedError
    return {"description": "Any JSON value."}


def _complete(operation: Json, of: _Operation, schemas: Mapping[str, Json], named: Mapping[str, Json]) -> None:
    operation.pop("deprecated", None)
    operation["parameters"] = [_parameter(each, named) for each in operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        content["application/json"] = {"schema": schemas[repr(of.body)]}
    operation["responses"] = _answers(operation["responses"], of, schemas)
    for status in _refusals(of, has_body="requestBody" in operation, has_parameters=bool(operation["parameters"])):
        operation["responses"].setdefault(str(int(status)), _PROBLEM_REF)
    operation["responses"] = dict(sorted(operation["responses"].items()))
    operation["summary"] = str(operation.get("description", operation["summary"])).partition("\n")[0]
    if of.handler.opt.get("public"):
        operation["security"] = []
    if of.method in _GUARDED:
        operation["parameters"].append(_IF_MATCH)


def _answers(given: Json, of: _Operation, schemas: Mapping[str, Json]) -> Json:
    """Those of success; what the framework says of errors is not what we answer."""
    success = str(int(of.handler.status_code))
    answer = given.get(success, {})
    described: Json = {"description": answer.get("description", HTTPStatus(int(success)).phrase)}
    if of.answer is not None:
        described["content"] = {"application/json": {"schema": schemas[repr(of.answer)]}}
    elif answer.get("content") and int(success) != HTTPStatus.NO_CONTENT:
        described["content"] = {_media_type(of.handler): {}}
    return {success: described}


def _refusals(of: _Operation, *, has_body: bool, has_parameters: bool) -> Iterator[HTTPStatus]:
    yield HTTPStatus.BAD_REQUEST
    yield HTTPStatus.UNAUTHORIZED
    yield HTTPStatus.NOT_FOUND  # in the path, in the query, in the body, or what was never set up
    yield HTTPStatus.TOO_MANY_REQUESTS
    yield HTTPStatus.INTERNAL_SERVER_ERROR
    yield HTTPStatus.BAD_GATEWAY
    yield HTTPStatus.SERVICE_UNAVAILABLE
    if not of.handler.opt.get("public"):
        yield HTTPStatus.FORBIDDEN
    if has_body or has_parameters:
        yield HTTPStatus.UNPROCESSABLE_ENTITY
    if has_body:
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if of.method != "get":
        yield HTTPStatus.CONFLICT
    if of.method in _GUARDED:
        yield HTTPStatus.PRECONDITION_FAILED
        yield HTTPStatus.PRECONDITION_REQUIRED


def _parameter(given: Json, named: Mapping[str, Json]) -> Json:
    kept = {name: member for name, member in given.items() if member is not False or name == "required"}
    choices = kept.get("schema", {}).get("oneOf")
    if choices is not None:
        # A parameter that may be left out is no parameter that may be null.
        real = [choice for choice in choices if choice != {"type": "null"}]
        rest = {name: member for name, member in kept["schema"].items() if name != "oneOf"}
        kept["schema"] = {**rest, **real[0]} if len(real) == 1 else {**rest, "oneOf": real}
    if "schema" in kept:
        kept["schema"] = _inlined(kept["schema"], named)
    return kept


def _inlined(schema: Json, named: Mapping[str, Json]) -> Json:
    """With what it refers to in its place: the choices of one parameter are no type of others."""
    (only,) = schema["allOf"] if len(schema.get("allOf", ())) == 1 else (schema,)
    if "$ref" not in only:
        return schema
    rest = {name: member for name, member in schema.items() if name not in {"$ref", "allOf"}}
    return {**named[str(only["$ref"]).rpartition("/")[2]], **rest}


def _problem_response(schemas: Mapping[str, Json]) -> Json:
    return {
        "description": "Refused, and why (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": schemas[repr(Problem)]}},
    }
