"""The API, as the commands ask it: the standard library's client, so that a command starts at once."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from adapters.inbound.cli.exit_code import CommandError, ExitCode, of_status
from adapters.plain_text import one_line, shortened

TIMEOUT_SECONDS: Final = 15.0
ANSWER_BYTES: Final = 32 * 1024 * 1024
PAGE: Final = 200  # the most that the API gives at once

_NOUNS: Final = {"policies": "policy", "api-keys": "token", "cover-requests": "cover"}
_DETAIL_CHARACTERS: Final = 600
_NEXT: Final = re.compile(r'<(/[^>]*)>; rel="next"')  # RFC 8288, 3, as the API writes it

type Query = Mapping[str, str | int | Sequence[str] | None]
type Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ApiClient:
    """One request at a time over one server. Follows no redirect, so that the token goes nowhere else."""

    url: str
    token: str = field(repr=False)  # empty: none is sent
    timeout_seconds: float = TIMEOUT_SECONDS

    def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON of an answer. Raises `CommandError`."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return self._ask("GET", path + (f"?{urlencode(given, doseq=True)}" if given else ""), None)

    def texts(self, path: str, query: Query) -> Iterator[str]:
        """The pages of something that is no JSON, as the header `Link` leads from one to the next.

        Raises `CommandError`.
        """
        next_path: str | None = (
            f"{path}?{urlencode({name: value for name, value in query.items() if value is not None})}"
        )
        while next_path is not None:
            status, headers, content = self._exchange("GET", next_path, None, None)
            if not 200 <= status < 300:
                raise _refused(status, headers, content, next_path)
            yield content.decode("utf-8", errors="replace")
            found = _NEXT.search(headers.get("link", ""))
            next_path = None if found is None else found[1]

    def post(self, path: str, body: object = None) -> Any:
        """Raises `CommandError`."""
        return self._ask("POST", path, body)

    def put(self, path: str, body: object, *, tag: str | None) -> Any:
        """Replace what has this tag; None: there is nothing yet. Raises `CommandError`."""
        return self._ask("PUT", path, body, tag=tag)

    def patch(self, path: str, body: object, *, tag: str | None) -> Any:
        """Change some of what has this tag; None: whatever is there. Raises `CommandError`."""
        return self._ask("PATCH", path, body, tag=tag)

    def delete(self, path: str) -> None:
        """Raises `CommandError`."""
        self._ask("DELETE", path, None)

    def each(self, path: str, query: Query | None = None, *, most: int = 1000) -> Iterator[Record]:
        """The rows of a list, through its pages, up to so many. Raises `CommandError`."""
        cursor: str | None = None
        while most > 0:
            page = self.get(path, {**(query or {}), "limit": min(most, PAGE), "cursor": cursor})
            yield from page["items"]
            most -= len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _ask(self, method: str, path: str, body: object, *, tag: str | None = None) -> Any:
        status, headers, content = self._exchange(method, path, body, tag)
        if not 200 <= status < 300:
            raise _refused(status, headers, content, path)
        if not content:
            return None
        try:
            return json.loads(content)
        except ValueError:
            message = f"{self.url} answered something that is no JSON: is TOCSIN_URL right?"
            raise CommandError(message, ExitCode.FAILURE) from None

    def _exchange(self, method: str, path: str, body: object, tag: str | None) -> tuple[int, Mapping[str, str], bytes]:
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        place = _place(self.url)
        kind = HTTPSConnection if place.is_secure else HTTPConnection
        connection = kind(place.host, place.port, timeout=self.timeout_seconds)
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, place.path + path, body=sent, headers=self._headers(sent, tag))
            answer = connection.getresponse()
            content = answer.read(ANSWER_BYTES)
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        except TimeoutError:
            message = f"{self.url} did not answer within {self.timeout_seconds:g} s: try again"
            raise CommandError(message, ExitCode.UNAVAILABLE) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"cannot reach {self.url}: {reason}; is it running, and is TOCSIN_URL right?"
            raise CommandError(one_line(message), ExitCode.UNAVAILABLE) from None
        except ValueError:
            # A line break or a letter beyond Latin-1 cannot be sent in a header or a path.
            message = "TOCSIN_TOKEN or an argument holds characters that cannot be sent: check what was pasted"
            raise CommandError(message, ExitCode.USAGE) from None
        finally:
            connection.close()

    def _headers(self, sent: bytes | None, tag: str | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "tocsin-cli", "X-Tocsin-Via": "cli"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if sent is not None:
            headers["Content-Type"] = "application/json"
        if tag is not None:
            headers["If-Match"] = tag
        return headers


class _Place(NamedTuple):
    is_secure: bool
    host: str
    port: int | None
    path: str


def _place(url: str) -> _Place:
    """Raises `CommandError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise CommandError(f"TOCSIN_URL is {url!r}: use http://host:port or https://host", ExitCode.USAGE)
    return _Place(parts.scheme == "https", host, port, parts.path.rstrip("/"))


def segment(text: str) -> str:
    """An argument as one segment of a path, whatever it holds."""
    return quote(text, safe="")


def _refused(status: int, headers: Mapping[str, str], content: bytes, path: str) -> CommandError:
    problem = _problem(content)
    said = shortened(one_line(_sentence(problem)), most=_DETAIL_CHARACTERS)
    if not said:
        return CommandError(f"the server answered {status} without a reason: is TOCSIN_URL right?", of_status(status))
    next_step = _next_step(status, headers, problem, path)
    return CommandError(f"{said}; {next_step}" if next_step else said, of_status(status))


def _problem(content: bytes) -> Record:
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _sentence(problem: Record) -> str:
    said = str(problem.get("detail") or problem.get("title") or "").rstrip(".")
    fields = [each for each in problem.get("errors", ()) if isinstance(each, dict)]
    wrong = [_field(each) for each in fields if str(each.get("detail", "")) not in said]
    return f"{said}: {', '.join(wrong)}" if wrong else said


def _field(error: Record) -> str:
    place = error.get("parameter") or error.get("header") or str(error.get("pointer", "")).lstrip("#/")
    return f"{place} {error.get('detail', '')}".strip()


def _next_step(status: int, headers: Mapping[str, str], problem: Record, path: str) -> str:
    noun = path.partition("?")[0].split("/")[2:3]
    name = _NOUNS.get(noun[0], noun[0].removesuffix("s")) if noun else ""
    match status:
        case 401:
            if name == "setup":
                return ""
            if name == "event":
                return "use the key that was shown when the integration was created"
            return "set TOCSIN_TOKEN to a key that an admin made with `tocsin token create`"
        case 403:
            return "ask an admin for it, or use a key that may"
        case 404:
            if path.endswith("/fall-back"):
                return "set one with `tocsin fall-back set`"
            return f"see `tocsin {name} list`" if name else ""
        case 409 | 412 | 428:
            return "look at it as it is now, then decide again"
        case 429 | 502 | 503 | 504:
            wait = headers.get("retry-after", "")
            return f"try again in {wait} s" if wait.isdecimal() else "try again"
        case 500:
            return f"the server's log tells more of request {problem.get('request_id', '')}"
        case _:
            return ""
