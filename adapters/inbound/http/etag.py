"""Optimistic concurrency over HTTP: RFC 9110, 8.8 and 13; RFC 6585, 3.

The tag is the version of what is stored, so a change is refused to whoever has not seen the one before.
"""

import hashlib
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response

from adapters.inbound.http.problem import RequestError

# What `warned_tag` adds, without which a change may be made: it is of what was read beside the version.
_WARNED: Final = re.compile(r'\+[0-9a-f]{8}"$')


def version_tag(version: int) -> str:
    return f'"v{version}"'


def warned_tag(version: int, warnings: Sequence[object]) -> str:
    """Of a version with warnings beside it, which come and go without it: good wherever the version's own is."""
    return f'"v{version}+{content_tag(warnings)[1:9]}"' if warnings else version_tag(version)


def content_tag(body: object) -> str:
    """For what has no version of its own."""
    return f'"{hashlib.sha256(msgspec.json.encode(body)).hexdigest()[:32]}"'


def tagged[T](request: Request[Any, Any, Any], body: T, *, tag: str) -> Response[T]:
    """The body with its tag; 304 without a body when the caller has this very one.

    A private cache may keep it and must ask each time.
    """
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if request.method == "GET" and _names(request.headers.get("if-none-match", ""), tag, is_weak=True):
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)  # type: ignore[arg-type]
    return Response(body, headers=headers)


def created[T](body: T, *, location: str, tag: str | None = None) -> Response[T]:
    """201, and where it is now."""
    headers = {"Location": location} | ({} if tag is None else {"ETag": tag})
    return Response(body, status_code=HTTPStatus.CREATED, headers=headers)


def require_match(request: Request[Any, Any, Any], *, tag: str) -> None:
    """Raises `RequestError`: 428 without `If-Match`, 412 when it names other tags than the present one."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        detail = "Send If-Match with the ETag that you read, so that nobody's change is lost."
        raise RequestError(HTTPStatus.PRECONDITION_REQUIRED, "precondition_required", detail)
    if not _names(wanted, tag, is_weak=False):
        detail = "It was changed since you read it. Read it again, then decide again."
        raise RequestError(HTTPStatus.PRECONDITION_FAILED, "precondition_failed", detail, headers={"ETag": tag})


def _names(field: str, tag: str, *, is_weak: bool) -> bool:
    """Whether a list of tags has this one; `*` is every tag. A weak tag never matches strongly (8.8.3.2)."""
    tags = [each.strip() for each in field.split(",")]
    tags = [each.removeprefix("W/") for each in tags] if is_weak else [_WARNED.sub('"', each) for each in tags]
    return "*" in tags or tag in tags
