"""Messages of channels that are not set up yet: kept and shown in the product, so that nothing is lost and a first
try needs neither a mail server nor Slack."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from adapters.plain_text import one_line, shortened, web_link
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.ids import IdFactory
from application.ports.mailbox import Mailbox, MailboxMessage
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome
from domain.notification.contact import Channel

_REPEAT: Final = "This may be a repeat: it is not known whether an earlier try arrived."
_TITLE_CHARACTERS: Final = 200  # a headline; the body has the whole


@dataclass(frozen=True, slots=True)
class MailboxNotifier(Notifier):
    """Stands in for one channel."""

    channel: Channel
    mailbox: Mailbox
    clock: Clock
    ids: IdFactory

    async def send(self, message: Message) -> Delivery:
        return await self._keep(
            MailboxMessage(
                id=self.ids.new(),
                sent_at=self.clock.now(),
                channel=self.channel,
                address=message.address,
                title=headline(message),
                body=text_body(message),
                notification_id=message.notification_id,
                incident_id=message.incident_id,
                acknowledge_url=web_link(message.acknowledge_url),
            )
        )

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        return await self._keep(
            MailboxMessage(
                id=self.ids.new(),
                sent_at=self.clock.now(),
                channel=self.channel,
                address=notice.address,
                title=shortened(one_line(notice.title), most=_TITLE_CHARACTERS),
                body="\n".join(_notice_lines(notice)) + "\n",
                notification_id=notice.notification_id,
            )
        )

    async def _keep(self, kept: MailboxMessage) -> Delivery:
        try:
            await self.mailbox.store(kept)
        except PortError as error:
            return Delivery(outcome=Outcome.RETRY, detail=str(error))
        detail = f"kept in the mailbox, because {self.channel} is not set up"
        return Delivery(outcome=Outcome.DELIVERED, detail=detail, receipt={"mailbox_id": str(kept.id)})


def headline(message: Message) -> str:
    """One line with everything that decides whether to get up."""
    told = "" if message.status == "triggered" else f" ({one_line(message.status)})"
    line = f"{one_line(message.severity)} INC-{message.incident_number} {one_line(message.title)}"
    return shortened(line, most=_TITLE_CHARACTERS) + told


def text_body(message: Message) -> str:
    """What an e-mail would say."""
    return "\n".join(_lines(message)) + "\n"


def _notice_lines(notice: NoticeMessage) -> Iterator[str]:
    if notice.may_be_repeat:
        yield _REPEAT
    yield from (one_line(line) for line in notice.text.splitlines())
    if (url := web_link(notice.url)) is not None:
        yield f"More: {url}"


def _lines(message: Message) -> Iterator[str]:
    yield one_line(message.title)
    if message.may_be_repeat:
        yield _REPEAT
    yield ""
    yield f"Service: {one_line(message.service)}"
    by = f" by {one_line(message.status_by)}" if message.status_by else ""
    yield f"Status: {one_line(message.status)}{by}"
    yield f"Since: {message.triggered_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    links = (
        ("Acknowledge", message.acknowledge_url),
        ("Incident", message.incident_url),
        ("Runbook", message.runbook_url),
    )
    for name, given in links:
        if (url := web_link(given)) is not None:
            yield f"{name}: {url}"
