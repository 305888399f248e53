"""Text messages and calls by Twilio. Twilio, "Create a Message" and "Make calls": a form, answered 201; errors carry a
code of five digits."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import ClientSession

from adapters.outbound.twilio.speech import notice_call, page_call
from adapters.outbound.twilio.text import notice_text, sms_text
from adapters.posting import Posted, post
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome

API_URL: Final = "https://api.twilio.com"
RING_SECONDS: Final = 30  # less, and a sleeper does not get there; more, and an answering machine does


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """Whose account, and the number that messages come from."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    takes_answers: bool = False  # text messages to the number come to us, so that each says how to answer it
    receipts_url: str = ""  # where we are told what became of each message; empty: nowhere
    base_url: str = API_URL
    timeout_seconds: float = 5.0

    def __post_init__(self) -> None:
        if not (self.account_sid.isascii() and self.account_sid.isalnum()):
            raise ValueError("account_sid: must be letters and digits")
        if not (self.auth_token.isascii() and self.auth_token.isprintable() and self.auth_token):
            raise ValueError("auth_token: must be printable ASCII")
        if not self.sender:
            raise ValueError("sender: must be a number of the account")


class _Answer(msgspec.Struct):
    sid: str


class _Refusal(msgspec.Struct):
    code: int


@dataclass(frozen=True, slots=True)
class SmsNotifier(Notifier):
    """Sends a text of one part."""

    settings: TwilioSettings
    session: ClientSession

    async def send(self, message: Message) -> Delivery:
        return await self._text(message, sms_text(message, takes_answers=self.settings.takes_answers))

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        return await self._text(notice, notice_text(notice))

    async def _text(self, message: Message | NoticeMessage, body: str) -> Delivery:
        form = {"To": message.address, "From": self.settings.sender, "Body": body, **_receipt(message, self.settings)}
        return await _create("Messages", form, self.settings, self.session)


@dataclass(frozen=True, slots=True)
class VoiceNotifier(Notifier):
    """Calls, says it, and asks for a key. What to say goes with the request, so that no server of ours is asked."""

    settings: TwilioSettings
    session: ClientSession

    async def send(self, message: Message) -> Delivery:
        return await self._call(message, page_call(message))

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        return await self._call(notice, notice_call(notice))

    async def _call(self, message: Message | NoticeMessage, twiml: str) -> Delivery:
        form = {
            "To": message.address,
            "From": self.settings.sender,
            "Twiml": twiml,
            "Timeout": str(RING_SECONDS),
            **_receipt(message, self.settings),
        }
        return await _create("Calls", form, self.settings, self.session)


def _receipt(message: Message | NoticeMessage, settings: TwilioSettings) -> Mapping[str, str]:
    """Twilio signs what it brings there, address and all. Of a call it tells the end alone unless it is asked more."""
    if not settings.receipts_url:
        return {}
    return {"StatusCallback": f"{settings.receipts_url}/{message.notification_id}/{message.attempt}"}


async def _create(kind: str, form: Mapping[str, str], settings: TwilioSettings, session: ClientSession) -> Delivery:
    posted = await post(
        session,
        f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{quote(settings.account_sid)}/{kind}.json",
        urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": _basic(settings)},
        provider="Twilio",
        timeout_seconds=settings.timeout_seconds,
    )
    return _delivery(posted)


def _delivery(posted: Posted) -> Delivery:
    if posted.delivery.outcome is not Outcome.DELIVERED:
        return _with_code(posted)
    try:
        answer = msgspec.json.decode(posted.body, type=_Answer)
    except msgspec.MsgspecError:
        return Delivery(outcome=Outcome.UNKNOWN, detail="the answer is not Twilio's; it may have taken the message")
    return replace(posted.delivery, receipt={"sid": answer.sid})


def _with_code(posted: Posted) -> Delivery:
    """Twilio's code names the cause better than the status; its text may hold the number, and is left out."""
    try:
        code = msgspec.json.decode(posted.body, type=_Refusal).code
    except msgspec.MsgspecError:
        return posted.delivery
    return replace(posted.delivery, detail=f"{posted.delivery.detail}, code {code}")


def _basic(settings: TwilioSettings) -> str:
    return "Basic " + base64.b64encode(f"{settings.account_sid}:{settings.auth_token}".encode()).decode()
