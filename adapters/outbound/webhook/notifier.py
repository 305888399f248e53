"""Notifications to somebody's own server, signed as of Standard Webhooks 1.0. `docs/api.md` has the body."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import ClientSession

from adapters import tracing
from adapters.outbound.webhook.signature import signed_headers
from adapters.plain_text import web_link
from adapters.posting import post
from application.ports.clock import Clock
from application.ports.contact_secrets import ContactSecrets
from application.ports.destinations import DestinationSecrets
from application.ports.errors import PortError
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome
from domain.notification.contact import Channel

VERSION: Final = 1  # of the body; it goes up only for what an older reader would misread


@dataclass(frozen=True, slots=True)
class WebhookNotifier(Notifier):
    """Posts to the address, signed with the secret of the contact that has it, or those of the destination."""

    session: ClientSession
    secrets: ContactSecrets
    clock: Clock
    destination_secrets: DestinationSecrets
    timeout_seconds: float = 5.0

    async def send(self, message: Message) -> Delivery:
        at = self.clock.now()
        return await self._post(message, document(message, at=at), at=at)

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        at = self.clock.now()
        return await self._post(notice, notice_document(notice, at=at), at=at)

    async def _post(self, message: Message | NoticeMessage, told: Mapping[str, object], *, at: datetime) -> Delivery:
        try:
            secrets = await self._secrets(message, at)
        except PortError as error:
            return Delivery(outcome=Outcome.RETRY, detail=str(error))
        if not secrets:
            return Delivery(outcome=Outcome.REJECTED, detail="the recipient is gone, or has no secret")
        newest, *older = secrets
        message_id = f"msg_{message.notification_id.hex}"  # the same for every attempt, for the receiver to tell
        body = msgspec.json.encode(told)
        posted = await post(
            self.session,
            message.address,
            body,
            headers={
                "Content-Type": "application/json",
                **signed_headers(body, message_id=message_id, at=at, secret=newest, old_secrets=older),
                **tracing.carried(),
            },
            provider="the webhook",
            timeout_seconds=self.timeout_seconds,
        )
        if posted.delivery.outcome is not Outcome.DELIVERED:
            return posted.delivery
        return replace(posted.delivery, receipt={"webhook_id": message_id, "attempt": str(message.attempt)})

    async def _secrets(self, message: Message | NoticeMessage, at: datetime) -> tuple[str, ...]:
        """The newest first. Raises `PortError`."""
        if message.destination_id is not None:
            return await self.destination_secrets.of(message.destination_id, at=at)
        if message.user_id is None:
            return ()
        return tuple(await self.secrets.of_address(message.user_id, Channel.WEBHOOK, message.address, at=at))


def document(message: Message, *, at: datetime) -> Mapping[str, object]:
    """What is told, as data: text is as its sender wrote it, for the receiver to escape in its own way."""
    return {
        "type": f"page.{message.status}",
        "timestamp": _text_of(at),
        "data": {
            "version": VERSION,
            "notification_id": str(message.notification_id),
            "attempt": message.attempt,
            "may_be_repeat": message.may_be_repeat,
            "user_id": _id_text(message.user_id),
            "destination_id": _id_text(message.destination_id),
            "incident": {
                "id": str(message.incident_id),
                "number": message.incident_number,
                "version": message.version,
                "title": _encodable(message.title),
                "status": message.status,
                "status_by": None if message.status_by is None else _encodable(message.status_by),
                "severity": message.severity,
                "service": _encodable(message.service),
                "triggered_at": _text_of(message.triggered_at),
            },
            "links": {
                "acknowledge": web_link(message.acknowledge_url),
                "incident": web_link(message.incident_url),
                "runbook": web_link(message.runbook_url),
            },
        },
    }


def notice_document(notice: NoticeMessage, *, at: datetime) -> Mapping[str, object]:
    """What is about no incident: a title, lines, and maybe an address to act on it."""
    return {
        "type": "notice",
        "timestamp": _text_of(at),
        "data": {
            "version": VERSION,
            "notification_id": str(notice.notification_id),
            "attempt": notice.attempt,
            "may_be_repeat": notice.may_be_repeat,
            "user_id": _id_text(notice.user_id),
            "destination_id": _id_text(notice.destination_id),
            "title": _encodable(notice.title),
            "text": _encodable(notice.text),
            "links": {"more": web_link(notice.url)},
        },
    }


def _id_text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def _text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _encodable(text: str) -> str:
    """Half of a surrogate pair has no bytes in UTF-8."""
    return text.encode("utf-8", "replace").decode()
