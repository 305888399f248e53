from uuid import UUID

import pytest

from adapters.outbound.mailbox.notifier import MailboxNotifier, headline, text_body
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.mailbox import MemoryMailbox
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import UuidFactory
from application.ports.errors import TransientPortError
from application.ports.mailbox import Mailbox, MailboxMessage
from application.ports.notifier import Outcome
from domain.notification.contact import Channel
from tests.support.stock import NOON
from tests.unit.outgoing.messages import HOSTILE_TITLE, a_message


class FullMailbox(Mailbox):
    async def store(self, message: MailboxMessage) -> None:
        raise TransientPortError("the database restarts")


async def test_a_message_is_kept_as_its_reader_would_have_got_it() -> None:
    database = MemoryDatabase()
    mailbox = MemoryMailbox(MemorySession(database))
    notifier = MailboxNotifier(Channel.EMAIL, mailbox, ManualClock(NOON), UuidFactory())
    message = a_message()
    delivery = await notifier.send(message)
    assert delivery.outcome is Outcome.DELIVERED
    (kept,) = database.mailbox
    assert delivery.receipt == {"mailbox_id": str(kept.id)}
    assert kept == MailboxMessage(
        id=UUID(delivery.receipt["mailbox_id"]),
        sent_at=NOON,
        channel="email",
        address="mira@example.org",
        title="SEV1 INC-123 checkout 5xx 23%",
        body=(
            "checkout 5xx 23%\n"
            "\n"
            "Service: checkout\n"
            "Status: triggered\n"
            "Since: 2026-11-03 03:12:05 UTC\n"
            "Acknowledge: https://tocsin.example.org/a/s3cret\n"
            "Incident: https://tocsin.example.org/incidents/123\n"
            "Runbook: https://wiki.example.org/checkout?a=1&b=2\n"
        ),
        notification_id=message.notification_id,
        incident_id=message.incident_id,
        acknowledge_url="https://tocsin.example.org/a/s3cret",
    )


async def test_what_cannot_be_kept_now_is_tried_again() -> None:
    notifier = MailboxNotifier(Channel.SLACK, FullMailbox(), ManualClock(NOON), UuidFactory())
    assert (await notifier.send(a_message())).outcome is Outcome.RETRY


def test_a_hostile_title_stays_one_line() -> None:
    message = a_message(title=HOSTILE_TITLE, service="a\nAcknowledge: https://evil.example")
    assert "\n" not in headline(message)
    lines = text_body(message).split("\n")
    assert [line for line in lines if line.startswith("Acknowledge: ")] == [
        "Acknowledge: https://tocsin.example.org/a/s3cret"
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://", "data:text/html,x", None])
def test_a_link_that_is_none_is_not_shown(url: str | None) -> None:
    assert "Runbook" not in text_body(a_message(runbook_url=url))


def test_a_repeat_and_an_answer_are_labelled() -> None:
    assert "may be a repeat" in text_body(a_message(may_be_repeat=True))
    acknowledged = a_message(status="acknowledged", status_by="Ada", acknowledge_url=None)
    assert "Status: acknowledged by Ada" in text_body(acknowledged)
    assert headline(acknowledged).endswith("(acknowledged)")
