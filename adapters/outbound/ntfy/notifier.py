"""Notifications to an ntfy topic. ntfy, "Publish as JSON", "Message priority" and "Send HTTP request".

The button acknowledges by a POST to the page behind the message's link: the signed token in its path is the whole
authority, no cookie is read there, so that nothing can be forged from a browser that happens to be logged in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientSession

from adapters.plain_text import one_line, shortened, web_link
from adapters.posting import post
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome

# 5 rings through "do not disturb" where the phone allows it, 1 shows up without a sound.
_PRIORITIES: Final[Mapping[str, int]] = {"SEV1": 5, "SEV2": 4, "SEV3": 3, "SEV4": 2, "SEV5": 1}
_DEFAULT_PRIORITY: Final = 3
_TITLE_CHARACTERS: Final = 200
# ntfy turns a message of more than 4,096 bytes into an attachment; a character has at most four of them
_TEXT_BYTES: Final = 4_000
_TEXT_CHARACTERS: Final = 250
_REPEAT: Final = "This may be a repeat: it is not known whether an earlier try arrived."


@dataclass(frozen=True, slots=True, kw_only=True)
class NtfySettings:
    """The server of topics that name none, and its access token, which no other server is given."""

    base_url: str
    token: str = field(default="", repr=False)
    timeout_seconds: float = 5.0

    def __post_init__(self) -> None:
        if web_link(self.base_url) is None:
            raise ValueError("base_url: must be an http or https URL")
        if not (self.token.isascii() and self.token.isprintable()):
            raise ValueError("token: must be printable ASCII")


class _Answer(msgspec.Struct):
    id: str


@dataclass(frozen=True, slots=True)
class NtfyNotifier(Notifier):
    """Publishes to the topic that the address names: its URL, or its name on the server of the settings."""

    settings: NtfySettings
    session: ClientSession

    async def send(self, message: Message) -> Delivery:
        server, topic = self._place(message.address)
        return await self._publish(server, publication(message, topic))

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        server, topic = self._place(notice.address)
        return await self._publish(server, notice_publication(notice, topic))

    async def _publish(self, server: str, body: Mapping[str, object]) -> Delivery:
        posted = await post(
            self.session,
            server,
            msgspec.json.encode(body),
            headers=self._headers(server),
            provider="ntfy",
            timeout_seconds=self.settings.timeout_seconds,
        )
        if posted.delivery.outcome is not Outcome.DELIVERED:
            return posted.delivery
        try:
            answer = msgspec.json.decode(posted.body, type=_Answer)
        except msgspec.MsgspecError:
            return Delivery(outcome=Outcome.UNKNOWN, detail="the answer is not ntfy's; it may have been published")
        return replace(posted.delivery, receipt={"ntfy_id": answer.id})

    def _place(self, address: str) -> tuple[str, str]:
        if "://" not in address:
            return self.settings.base_url.rstrip("/") + "/", address
        server, _, topic = address.rpartition("/")
        return f"{server}/", topic

    def _headers(self, server: str) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json"}
        if self.settings.token and _origin(server) == _origin(self.settings.base_url):
            headers["Authorization"] = f"Bearer {self.settings.token}"
        return headers


def publication(message: Message, topic: str) -> Mapping[str, object]:
    """The JSON that ntfy takes: what decides whether to get up, and a button where there is something to take."""
    body: dict[str, object] = {
        "topic": topic,
        "title": _headline(message),
        "message": _text(message),
        "priority": _priority(message),
        "tags": ["rotating_light" if message.status == "triggered" else "white_check_mark"],
        "actions": _actions(message),
    }
    if (click := web_link(message.acknowledge_url) or web_link(message.incident_url)) is not None:
        body["click"] = click
    return body


def notice_publication(notice: NoticeMessage, topic: str) -> Mapping[str, object]:
    """What is about no incident rings no louder than the phone's owner likes, and has no button."""
    body: dict[str, object] = {
        "topic": topic,
        "title": shortened(one_line(notice.title), most=_TITLE_CHARACTERS),
        "message": _notice_text(notice),
        "priority": _DEFAULT_PRIORITY,
    }
    if (click := web_link(notice.url)) is not None:
        body["click"] = click
    return body


def _notice_text(notice: NoticeMessage) -> str:
    """Its lines, as many as ntfy takes: whole ones, since half a link leads nowhere."""
    lines = [_REPEAT] if notice.may_be_repeat else []
    left = _TEXT_BYTES - sum(len(line) + 1 for line in lines)
    for given in notice.text.splitlines():
        link = web_link(given.strip())
        line = shortened(one_line(given), most=_TEXT_CHARACTERS) if link is None else link
        left -= len(line.encode()) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def _headline(message: Message) -> str:
    told = "" if message.status == "triggered" else f" ({one_line(message.status)})"
    line = f"{one_line(message.severity)} INC-{message.incident_number} {one_line(message.title)}"
    return shortened(line, most=_TITLE_CHARACTERS) + told


def _text(message: Message) -> str:
    by = f" by {one_line(message.status_by)}" if message.status_by else ""
    facts = [
        f"Service: {one_line(message.service)}",
        f"Status: {one_line(message.status)}{by}",
        f"Since: {message.triggered_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    ]
    if message.may_be_repeat:
        facts.append(_REPEAT)
    return "\n".join(shortened(fact, most=_TEXT_CHARACTERS) for fact in facts)


def _priority(message: Message) -> int:
    """What needs nobody any more is not allowed to ring."""
    priority = _PRIORITIES.get(message.severity, _DEFAULT_PRIORITY)
    return priority if message.status == "triggered" else min(priority, _DEFAULT_PRIORITY)


def _actions(message: Message) -> list[Mapping[str, object]]:
    actions: list[Mapping[str, object]] = []
    if (acknowledge := web_link(message.acknowledge_url)) is not None:
        actions.append(
            {
                "action": "http",
                "label": "Acknowledge",
                "method": "POST",
                "url": acknowledge,
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
                "body": "action=acknowledge",
                "clear": True,  # once the server has said 200
            }
        )
    if (runbook := web_link(message.runbook_url)) is not None:
        actions.append({"action": "view", "label": "Runbook", "url": runbook})
    return actions


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
