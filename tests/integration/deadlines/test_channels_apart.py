"""P12: a channel that answers 429 to everything, or nothing at all, adds nothing to another one's delivery."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import pytest

from adapters.inbound.deadlines.courier import Courier
from adapters.outbound.email.notifier import SmtpNotifier, SmtpSettings, Tls
from adapters.outbound.slack.client import SlackSettings
from adapters.outbound.slack.notifier import SlackNotifier
from adapters.outbound.system.clock import ManualClock
from application.notification.lease import Bundle
from application.notification.send import Sent
from application.ports.notifications import DueNotification
from application.ports.notifier import Notifier, Outcome
from domain.notification.contact import Channel
from domain.shared.ids import NotificationId
from tests.integration.sessions import loopback_session
from tests.support.builders import NOON
from tests.support.fake_slack import FakeSlack, Hang, RateLimited
from tests.support.smtp import SmtpServer
from tests.unit.deadlines.test_courier import Bell, due
from tests.unit.outgoing.messages import a_message

MAILS: Final = 60
BUDGET: Final = 4


@dataclass
class Line:
    """One channel: what waits for it, and the courier that works it off. What was not taken waits again."""

    channel: Channel
    notifier: Notifier
    waiting: list[DueNotification]
    outcomes: list[Outcome] = field(default_factory=list)
    leases: list[int] = field(default_factory=list)
    delivered: asyncio.Event = field(default_factory=asyncio.Event)

    async def lease(self, channel: Channel, limit: int) -> tuple[Bundle, ...]:
        self.leases.append(limit)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return tuple((each,) for each in taken)

    async def send(self, bundle: Bundle) -> tuple[Sent, ...]:
        (each,) = bundle
        delivery = await self.notifier.send(
            a_message(address=each.notification.address, notification_id=each.notification.id)
        )
        return (Sent(each, delivery, NOON, NOON),)

    async def settle(self, batch: Sequence[Sent]) -> frozenset[NotificationId]:
        self.outcomes += [sent.delivery.outcome for sent in batch]
        self.waiting += [sent.due for sent in batch if sent.delivery.outcome is not Outcome.DELIVERED]
        if self.outcomes.count(Outcome.DELIVERED) == MAILS:
            self.delivered.set()
        return frozenset(sent.due.notification.id for sent in batch)

    async def earliest(self, channel: Channel) -> datetime | None:
        return None

    def observe(self, channel: Channel, outcome: Outcome, waited: timedelta) -> None:
        """Nobody looks."""

    def courier(self) -> Courier:
        return Courier(
            channel=self.channel,
            lease=self.lease,
            send=self.send,
            settle=self.settle,
            earliest=self.earliest,
            observe=self.observe,
            wakeup=Bell(),
            clock=ManualClock(NOON),
            budget=BUDGET,
        )


@asynccontextmanager
async def mail_line(server: SmtpServer) -> AsyncIterator[Line]:
    settings = SmtpSettings(
        host="127.0.0.1",
        port=server.port,
        sender="tocsin@example.org",
        domain="example.org",
        tls=Tls.NONE,
        connections=BUDGET,
    )
    async with SmtpNotifier(settings, ManualClock(NOON)) as notifier:
        yield Line(Channel.EMAIL, notifier, due(MAILS, address="mira@example.org"))


@asynccontextmanager
async def slack_line(slack: FakeSlack) -> AsyncIterator[Line]:
    async with loopback_session(slack.port) as session:
        settings = SlackSettings(token=slack.token, base_url=slack.base_url, timeout_seconds=0.5)
        pages = [
            each._replace(notification=replace(each.notification, channel=Channel.SLACK, address="C0CCC333"))
            for each in due(500)
        ]
        yield Line(Channel.SLACK, SlackNotifier(settings, session), pages)


async def seconds_until_delivered(mail: Line, *others: Line) -> float:
    """With the couriers of all lines at work in one process."""
    draining = asyncio.Event()
    begun = monotonic()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for line in (*others, mail):
            group.create_task(line.courier().run(draining))
        await mail.delivered.wait()
        seconds = monotonic() - begun
        draining.set()
    return seconds


@pytest.mark.parametrize("fault", [RateLimited(30), Hang()], ids=["429", "silence"])
async def test_a_slack_that_takes_nothing_adds_nothing_to_e_mail(
    smtp_server: SmtpServer, fake_slack: FakeSlack, fault: RateLimited | Hang
) -> None:
    async with mail_line(smtp_server) as mail:
        alone = await seconds_until_delivered(mail)
    fake_slack.script("chat.postMessage", *[fault] * 1000)
    async with mail_line(smtp_server) as mail, slack_line(fake_slack) as slack:
        beside = await seconds_until_delivered(mail, slack)
    assert slack.leases, "Slack's courier was at work"
    assert Outcome.DELIVERED not in slack.outcomes
    assert len(slack.waiting) == 500, "and nothing of Slack's is lost"
    assert mail.outcomes == [Outcome.DELIVERED] * MAILS, "at the first attempt, every one"
    assert max(mail.leases) == BUDGET, "with its whole budget"
    assert beside < 2 * alone + 1  # the second is this machine's; one budget for both would cost many
