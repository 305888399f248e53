"""An HTTP server that answers recorded JSON, and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple


class Asked(NamedTuple):
    method: str
    path: str  # with its query
    headers: dict[str, str]  # names in lower case
    body: Any


class Answer(NamedTuple):
    status: int
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass
class RecordedApi:
    """Answers by `METHOD path` without the query; a list of answers is given one after the other."""

    url: str = ""
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)  # until it is set, `HANG` has no answer

    def of(self, request: Asked) -> Answer:
        self.asked.append(request)
        answer = self.answers.get(f"{request.method} {request.path.partition('?')[0]}", NOT_FOUND)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if answer is HANG:
            self.hang.wait(30)
        return answer


def problem(status: int, code: str, detail: str, **members: Any) -> Answer:
    body = {"type": f"urn:tocsin:problem:{code}", "title": "-", "status": status, "detail": detail, "code": code}
    return Answer(status, body | {"request_id": "r-1"} | members)


NOT_FOUND = problem(404, "not_found", "there is no such page")
HANG = Answer(200, {"items": []})


@contextmanager
def serving() -> Iterator[RecordedApi]:
    api = RecordedApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Nothing: tests look at `asked`."""

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = api.of(Asked(self.command, self.path, headers, body))
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                pass  # whoever asked did not wait

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        api.hang.set()
        server.shutdown()
        thread.join()
        server.server_close()
