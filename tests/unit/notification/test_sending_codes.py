import pytest

from adapters.outbound.mailbox.notifier import text_body
from adapters.outbound.memory.notifier import MemoryNotifier
from adapters.outbound.ntfy.notifier import publication
from adapters.outbound.slack.blocks import blocks, fallback_text
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.verification.sender import NotifierVerificationSender
from application.ports.notifier import Message, Notifier, Notifiers
from domain.notification.contact import Channel
from tests.support.builders import NOON, a_contact


class Recording(Notifiers):
    def __init__(self) -> None:
        self.by_channel = {channel: MemoryNotifier() for channel in Channel}

    def of(self, channel: Channel) -> Notifier:
        return self.by_channel[channel]


@pytest.mark.parametrize("channel", Channel)
async def test_a_code_goes_over_the_contacts_own_channel_and_offers_nothing_to_press(channel: Channel) -> None:
    notifiers = Recording()
    contact = a_contact(channel=channel)
    await NotifierVerificationSender(notifiers, ManualClock(NOON), UuidFactory()).send(contact, "012345")
    [message] = notifiers.by_channel[channel].sent
    assert message.address == contact.address
    assert all("012345" in text for text in told(message))
    assert not any(block["type"] == "actions" for block in blocks(message))
    assert publication(message, "topic")["actions"] == []


def told(message: Message) -> tuple[str, ...]:
    return fallback_text(message), text_body(message), str(publication(message, "topic")["title"])
