"""Pages for people: server-rendered, without a script, with one style that is allowed by its hash."""

from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from markupsafe import Markup

_TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLE: Final = (_TEMPLATES / "page.css").read_text(encoding="utf-8").strip()
# The one style is part of the page, and allowed by its hash: nothing is loaded, nothing else may be.
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
_FORM_BYTES: Final = 4096

_environment: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Response[str]:
    content = _environment.get_template(template).render(style=Markup(_STYLE), **values)  # noqa: S704  # our own file
    return Response(content, status_code=status, media_type=MediaType.HTML, headers=_HEADERS)


def refused_page(status: HTTPStatus, title: str, explanation: str) -> Response[str]:
    return page("refused.html", status=status, page_title=title, explanation=explanation)


def form_field(body: bytes, name: str) -> str:
    """What a form says of a field; empty when it says nothing."""
    with suppress(ValueError):
        fields = parse_qs(body[:_FORM_BYTES].decode("ascii"), max_num_fields=10, errors="strict")
        return fields.get(name, [""])[-1]
    return ""
