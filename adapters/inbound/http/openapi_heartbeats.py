"""Where heartbeats are pinged.

The address is described by the beginning of its key, by which it is told from that of a heartbeat with its id.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from adapters.inbound.http.heartbeat_door import METHODS
from adapters.inbound.http.openapi_door import Json, operation
from adapters.inbound.http.problem import MEDIA_TYPE, Problem
from domain.heartbeat.heartbeat import PingKind

type SchemaOf = Callable[[object], Json]

_TEXT: Final = "text/plain"
_KEY: Final[Json] = {
    "name": "heartbeat_key",
    "in": "path",
    "required": True,
    "description": "The key of a heartbeat, after its `hb_`. It is a secret.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_SIGNAL: Final[Json] = {
    "name": "signal",
    "in": "path",
    "required": True,
    "description": "What there is to say, or the exit status of a run, of which 0 is a success.",
    "schema": {"anyOf": [{"type": "string", "enum": [*PingKind]}, {"type": "integer", "minimum": 0, "maximum": 255}]},
}
# A key lets in, or is nobody's; too long a body is let go.
_NEVER: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def heartbeat_paths(of: SchemaOf) -> Iterator[tuple[str, Json]]:
    """The path items, with a signal and without."""
    address = "/v1/heartbeats/hb_{heartbeat_key}"
    yield address, {method.lower(): _ping(method, of) for method in METHODS}
    yield f"{address}/{{signal}}", {method.lower(): _ping(method, of, has_signal=True) for method in METHODS}


def _ping(method: str, of: SchemaOf, *, has_signal: bool = False) -> Json:
    name = "signal_heartbeat" if has_signal else "ping_heartbeat"
    said = "how a run goes" if has_signal else "that all is well"
    described = operation(
        name if method == "POST" else f"{name}_by_{method.lower()}",
        f"Give a sign of life that says {said}.",
        bodies={_TEXT: {"type": "string"}} if method == "POST" else {},
        is_body_required=False,
        answers={HTTPStatus.OK: _said("Heard", method)},
        refused=_said("Refused", method, of),
        refusals=(HTTPStatus.NOT_FOUND,),
        parameters=(_KEY, _SIGNAL) if has_signal else (_KEY,),
    )
    for status in _NEVER:
        del described["responses"][str(int(status))]
    return described


def _said(description: str, method: str, of: SchemaOf | None = None) -> Json:
    """In words; what looks like no key is answered by the API, with a problem."""
    if method == "HEAD":
        return {"description": description}
    problem = {} if of is None else {MEDIA_TYPE: {"schema": of(Problem)}}
    return {"description": description, "content": {_TEXT: {"schema": {"type": "string"}}, **problem}}
