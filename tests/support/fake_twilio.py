"""Twilio as its clients see it: messages of one account."""

import base64
import itertools
from dataclasses import dataclass
from urllib.parse import parse_qs

from aiohttp import web

from tests.support.fake_http import Asked, HttpFake


@dataclass(frozen=True, slots=True)
class Text:
    to: str
    sender: str
    body: str


class FakeTwilio(HttpFake):
    def __init__(self) -> None:
        super().__init__()
        self.account_sid = "AC0123456789abcdef0123456789abcdef"
        self.auth_token = "fake-auth-token"
        self.number = "+15005550006"
        self.texts: list[Text] = []
        self._numbers = itertools.count(1)

    def take(self, asked: Asked) -> web.Response:
        credentials = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {credentials}":
            return _problem(401, 20003, "Authenticate")
        if (asked.method, asked.path) != ("POST", f"/2010-04-01/Accounts/{self.account_sid}/Messages.json"):
            return _problem(404, 20404, "The requested resource was not found")
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form.get("From") != self.number:
            return _problem(400, 21606, "The From phone number is not a number of the account")
        if not form.get("To", "").startswith("+"):
            return _problem(400, 21211, f"The 'To' number {form.get('To')} is not a valid phone number.")
        self.texts.append(Text(form["To"], form["From"], form["Body"]))
        sid = f"SM{next(self._numbers):032x}"
        return web.json_response({"sid": sid, "status": "queued", "num_segments": "1"}, status=201)


def _problem(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "status": status}, status=status)
