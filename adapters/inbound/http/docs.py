"""The API's description for people: Swagger UI from our own files, so that no other host is asked.

`static/vendor.lock.json` names the package, its version and the digest of each file taken from it.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.headers import PAGE_POLICY

_PREFIX: Final = "/docs/static"
_TYPES: Final[Mapping[str, str]] = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"  # the path has the digest of what is there
_PLACE: Final = re.compile(r"\{([a-z0-9.-]+)\}")


@get("/docs", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def docs() -> Response[bytes]:
    """The page. Its policy lets it load nothing but our files, and run nothing inline."""
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    return Response(_page(), media_type="text/html", headers=headers)


@get(_PREFIX + "/{digest:str}/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def docs_file(request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> Response[bytes | None]:
    """A file of the page, for ever the same."""
    if name not in _TYPES or digest != _digest(name):
        raise NotFoundException
    headers = {"Cache-Control": _IMMUTABLE, "ETag": f'"{digest}"', "Content-Type": _TYPES[name]}
    if request.headers.get("if-none-match") == f'"{digest}"':
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(_content(name), headers=headers)


@cache
def _page() -> bytes:
    page = _content("docs.html").decode()
    return _PLACE.sub(lambda place: f"{_PREFIX}/{_digest(place[1])}/{place[1]}", page).encode()


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(_content(name)).hexdigest()[:16]


@cache
def _content(name: str) -> bytes:
    return files("adapters.inbound.http").joinpath("static", name).read_bytes()
