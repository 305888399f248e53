"""ntfy as its clients see it: publishing as JSON, and what a phone sends when an action button is tapped."""

import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.support.fake_http import Asked, HttpFake

MESSAGE_BYTES = 4096  # longer ones become attachments
ACTIONS = 3

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tap:
    """The request that a phone makes for an `http` action."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


class FakeNtfy(HttpFake):
    """One server, whose topics need the token when there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "tk_fake"
        self.published: list[Json] = []
        self._numbers = itertools.count(1)

    def take(self, asked: Asked) -> web.Response:
        if asked.method != "POST" or asked.path != "/":
            return _problem(404, 40401, "page not found")
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return _problem(403, 40301, "forbidden")
        message: Json = json.loads(asked.body)
        if not message.get("topic"):
            return _problem(400, 40009, "invalid request: topic invalid")
        if not 1 <= message.get("priority", 3) <= 5:
            return _problem(400, 40007, "invalid priority parameter")
        if len(message.get("actions", [])) > ACTIONS or len(message["message"].encode()) > MESSAGE_BYTES:
            return _problem(400, 40018, "invalid request: actions or message invalid")
        self.published.append(message)
        stored = {"id": f"msg{next(self._numbers):09}", "time": int(time.time()), "event": "message", **message}
        return web.json_response(stored)

    def tap(self, label: str) -> Tap:
        """The button of the newest message. Raises `LookupError` when it has none of that name."""
        for action in self.published[-1].get("actions", []):
            if action["label"] == label and action["action"] == "http":
                return Tap(action.get("method", "POST"), action["url"], action["headers"], action["body"])
        raise LookupError(f"the message has no button {label!r}")


def _problem(status: int, code: int, error: str) -> web.Response:
    return web.json_response({"code": code, "http": status, "error": error}, status=status)
