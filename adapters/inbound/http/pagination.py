"""Lists in pages: RFC 8288 links and cursors that only we can make."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from adapters.inbound.http.problem import FieldProblem, RequestError
from application.ports.page import Page, PageRequest
from domain.shared.limits import ADDRESS_CHARACTERS, PAGE_DEFAULT, PAGE_LIMIT

type Key = tuple[str, UUID]

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT, description="How many rows, at most.")]
CursorText = Annotated[
    str | None, QueryParameter(max_length=2048, description="`next_cursor` of the page before, with the same filters.")
]
NameFilter = Annotated[
    str | None,
    QueryParameter(
        name="name",
        min_length=1,
        max_length=ADDRESS_CHARACTERS,
        pattern=r"^[^\x00]+$",  # PostgreSQL has no text with a NUL
        description="Only what has this whole name, whatever its case; of users, an e-mail address is one too.",
    ),
]
IdsFilter = Annotated[
    list[UUID] | None,
    QueryParameter(name="id", max_items=PAGE_LIMIT, description="Only these; may come several times."),
]
LIMIT_DEFAULT: Final = PAGE_DEFAULT

_SEAL_BYTES: Final = 16  # 128 bits: a cursor is no secret, only not to be made up


class PageBody[T](msgspec.Struct):
    """A page of a list, in a total order. `next_cursor` asks for the rest."""

    items: list[T]
    next_cursor: str | None
    has_more: bool


@dataclass(frozen=True, slots=True)
class Cursors:
    """Opaque places in a list. One belongs to its list and its filters, and is refused everywhere else."""

    secret: bytes

    def seal(self, context: str, after: Key) -> str:
        """The cursor that goes on after the row of that key."""
        payload = msgspec.json.encode(after)
        return urlsafe_b64encode(self._mac(context, payload) + payload).decode("ascii").rstrip("=")

    def open(self, context: str, cursor: str) -> Key:
        """The key of the row that the list goes on after. Raises `RequestError` 400."""
        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (Base64Error, UnicodeEncodeError):
            raise _wrong_cursor() from None
        mac, payload = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        # Decoding is forgiving and the seal does not cover the text, so only the text that was handed out will do.
        is_ours = hmac.compare_digest(mac, self._mac(context, payload))
        if not is_ours or urlsafe_b64encode(sealed).decode("ascii").rstrip("=") != cursor:
            raise _wrong_cursor()
        return msgspec.json.decode(payload, type=tuple[str, UUID])

    def _mac(self, context: str, payload: bytes) -> bytes:
        message = b"cursor\0" + context.encode() + b"\0" + payload
        return hmac.new(self.secret, message, hashlib.sha256).digest()[:_SEAL_BYTES]


def page_request(
    request: Request[Any, Any, Any],
    cursors: Cursors,
    *,
    limit: int,
    cursor: str | None,
    named: str | None = None,
    ids: Collection[UUID] | None = None,
) -> PageRequest:
    """What the query asks for. Raises `RequestError` 400 for a cursor of another list or other filters."""
    after = None if cursor is None else cursors.open(_context(request), cursor)
    return PageRequest(limit=limit, after=after, named=named, ids=None if ids is None else frozenset(ids))


def page_response[S, T](
    request: Request[Any, Any, Any],
    cursors: Cursors,
    page: Page[S],
    *,
    body: Callable[[S], T],
    key: Callable[[S], Key],
) -> Response[PageBody[T]]:
    """The page as `body` shows its rows, with the links to the next and to the first one."""
    next_cursor = cursors.seal(_context(request), key(page.items[-1])) if page.has_more else None
    content = PageBody(items=[body(item) for item in page.items], next_cursor=next_cursor, has_more=page.has_more)
    kept = [(name, value) for name, value in _query(request) if name != "cursor"]
    links = [_link(request, kept, "first")]
    if next_cursor is not None:
        links.insert(0, _link(request, [*kept, ("cursor", next_cursor)], "next"))
    return Response(content, headers={"Link": ", ".join(links)})


def _link(request: Request[Any, Any, Any], query: Sequence[tuple[str, str]], relation: str) -> str:
    # Relative to the request (RFC 8288, 3.1): behind a proxy we do not know our own name for sure.
    target = request.url.path + (f"?{urlencode(query)}" if query else "")
    return f'<{target}>; rel="{relation}"'


def _context(request: Request[Any, Any, Any]) -> str:
    filters = sorted((name, value) for name, value in _query(request) if name not in {"cursor", "limit"})
    return f"{request.url.path}?{urlencode(filters)}"


def _query(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in request.query_params.multi_items()]


def _wrong_cursor() -> RequestError:
    detail = "The cursor belongs to another list or to other filters; begin again without one."
    problem = FieldProblem(parameter="cursor", code="invalid_cursor", detail=detail)
    return RequestError(HTTPStatus.BAD_REQUEST, "invalid_cursor", detail, errors=[problem])
