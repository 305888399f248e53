"""JSON bodies, read strictly: what the type does not say is refused, and every wrong field is named at once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg

from adapters.inbound.http.problem import FieldProblem, RequestError, pointer, sentence
from domain.shared.errors import InvalidValueError

_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that its handler's `data` does not fit; runs before each handler.

    Raises:
        RequestError: 415 not JSON, 400 unreadable, 422 readable and wrong.
    """
    field = request.route_handler.parsed_data_field
    kind = None if field is None else field.kwarg_definition
    if field is None or not isinstance(kind, BodyKwarg) or kind.media_type is not RequestEncodingType.JSON:
        return
    raw = await request.body()
    if not raw and field.is_optional:
        return
    media_type = request.content_type[0]
    if media_type != "application/json":
        detail = "The body must be JSON, sent as application/json."
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    check(raw, field.annotation)


def check(raw: bytes, wanted: Any) -> None:
    """Raises `RequestError`: 400 no JSON, 422 with every wrong field."""
    try:
        errors = _errors(raw, wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else "not JSON"
        raise RequestError(HTTPStatus.BAD_REQUEST, "malformed_body", f"The body is {reason}.") from None
    if errors:
        detail = f"{len(errors)} {'field is' if len(errors) == 1 else 'fields are'} not valid."
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed", detail, errors=errors)


@contextmanager
def at(*place: str | int, **renamed: str) -> Iterator[None]:
    """What a rule says about a part of the body gets the place of that part; `renamed` are fields named otherwise."""
    try:
        yield
    except InvalidValueError as error:
        prefix = ".".join(str(step) for step in place)
        raise InvalidValueError(f"{prefix}.{renamed.get(error.field, error.field)}", error.reason) from None


def value[T](new: T | msgspec.UnsetType, old: T) -> T:
    """What a member of a patch makes of the old value: a member that is not there changes nothing."""
    return old if new is msgspec.UNSET else new


@lru_cache(256)
def _decoder(wanted: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def _errors(raw: bytes, wanted: Any) -> list[FieldProblem]:
    try:
        _decoder(wanted).decode(raw)
    except msgspec.ValidationError as error:
        return list(_wrong(msgspec.json.decode(raw), wanted)) or [_problem(error, ())]
    return list(_nulls(msgspec.json.decode(raw), ())) if b"\\u0000" in raw else []


def _wrong(document: object, wanted: Any) -> Iterator[FieldProblem]:
    """Every wrong member of an object, where the decoder stops at the first."""
    if not (isinstance(document, dict) and isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)):
        return
    known = {field.encode_name: field for field in msgspec.structs.fields(wanted)}
    for name in document:
        if name not in known:
            yield FieldProblem(pointer=pointer(name), code="unknown_field", detail="is not a field")
    for name, field in known.items():
        if name not in document:
            if field.required:
                yield FieldProblem(pointer=pointer(name), code="required", detail="is missing")
            continue
        try:
            msgspec.convert(document[name], field.type)
        except msgspec.ValidationError as error:
            yield _problem(error, (name,))


def _problem(error: msgspec.ValidationError, place: tuple[str, ...]) -> FieldProblem:
    reason, _, path = str(error).partition(" - at `$")
    inner = [name or index for name, index in _STEP.findall(path.removesuffix("`"))]
    code = "invalid_value"
    for start, found in (("Object contains unknown field", "unknown_field"), ("Object missing required", "required")):
        if reason.startswith(start):
            code = found
    return FieldProblem(pointer=pointer(*place, *inner), code=code, detail=sentence(reason))


def _nulls(document: object, place: tuple[str | int, ...]) -> Iterator[FieldProblem]:
    """Strings with a NUL character, which PostgreSQL cannot store."""
    if isinstance(document, str):
        if "\0" in document:
            yield FieldProblem(pointer=pointer(*place), code="invalid_value", detail="must not have a NUL character")
    elif isinstance(document, dict):
        for name, member in document.items():
            yield from _nulls(name, place)
            yield from _nulls(member, (*place, name))
    elif isinstance(document, list):
        for index, member in enumerate(document):
            yield from _nulls(member, (*place, index))
