"""Twilio as its clients see it: messages and calls of one account, and what it asks a server when people answer."""

import base64
import hmac
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode
from xml.etree import ElementTree as ET

from aiohttp import web

from tests.support.fake_http import Asked, HttpFake

TWIML_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Text:
    to: str
    sender: str
    body: str
    receipts: str | None = None  # where Twilio is to tell what became of it


@dataclass(frozen=True, slots=True)
class Call:
    to: str
    sender: str
    twiml: str
    receipts: str | None = None

    @property
    def said(self) -> str:
        """Everything, in order."""
        return " ".join(each.text or "" for each in parsed(self.twiml).iter("Say"))

    @property
    def action(self) -> str | None:
        """Where a pressed key goes."""
        gather = parsed(self.twiml).find("Gather")
        return None if gather is None else gather.attrib["action"]


class FakeTwilio(HttpFake):
    def __init__(self) -> None:
        super().__init__()
        self.account_sid = "AC0123456789abcdef0123456789abcdef"
        self.auth_token = "fake-auth-token"
        self.number = "+15005550006"
        self.texts: list[Text] = []
        self.calls: list[Call] = []
        self._numbers = itertools.count(1)

    def take(self, asked: Asked) -> web.Response:
        credentials = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {credentials}":
            return _problem(401, 20003, "Authenticate")
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        account = f"/2010-04-01/Accounts/{self.account_sid}"
        if (asked.method, asked.path) not in {("POST", f"{account}/{kind}.json") for kind in ("Messages", "Calls")}:
            return _problem(404, 20404, "The requested resource was not found")
        if form.get("From") != self.number:
            return _problem(400, 21606, "The From phone number is not a number of the account")
        if not form.get("To", "").startswith("+"):
            return _problem(400, 21211, f"The 'To' number {form.get('To')} is not a valid phone number.")
        return self._called(form) if asked.path.endswith("/Calls.json") else self._texted(form)

    def _texted(self, form: Mapping[str, str]) -> web.Response:
        self.texts.append(Text(form["To"], form["From"], form["Body"], form.get("StatusCallback")))
        sid = f"SM{next(self._numbers):032x}"
        return web.json_response({"sid": sid, "status": "queued", "num_segments": "1"}, status=201)

    def _called(self, form: Mapping[str, str]) -> web.Response:
        twiml = form.get("Twiml", "")
        if len(twiml) > TWIML_CHARACTERS or not _is_twiml(twiml):
            return _problem(400, 21205, "Twiml is not valid")
        self.calls.append(Call(form["To"], form["From"], twiml, form.get("StatusCallback")))
        return web.json_response({"sid": f"CA{next(self._numbers):032x}", "status": "queued"}, status=201)


def signed_form(url: str, fields: Mapping[str, str], *, token: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request that Twilio makes for an event."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return urlencode(fields).encode(), headers


def parsed(twiml: str) -> ET.Element:
    """Raises `ParseError`."""
    return ET.fromstring(twiml)  # noqa: S314  # our own text


def _is_twiml(text: str) -> bool:
    try:
        return parsed(text).tag == "Response"
    except ET.ParseError:
        return False


def _problem(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "status": status}, status=status)
