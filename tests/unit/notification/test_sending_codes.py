import pytest

from adapters.outbound.memory.notifier import MemoryNotifier
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.twilio.text import SMS_CHARACTERS, notice_text
from adapters.outbound.verification.sender import NotifierVerificationSender
from application.ports.notifier import NoticeMessage, Notifier, Notifiers
from domain.notification.contact import Channel
from tests.support.builders import a_contact


class Recording(Notifiers):
    def __init__(self) -> None:
        self.by_channel = {channel: MemoryNotifier() for channel in Channel}

    def of(self, channel: Channel) -> Notifier:
        return self.by_channel[channel]


async def sent(channel: Channel) -> NoticeMessage:
    notifiers = Recording()
    await NotifierVerificationSender(notifiers, UuidFactory()).send(a_contact(channel=channel), "012345")
    (notice,) = notifiers.by_channel[channel].notices
    assert not any(notifier.sent for notifier in notifiers.by_channel.values()), "it is about no incident"
    return notice


@pytest.mark.parametrize("channel", Channel)
async def test_a_code_goes_over_the_contacts_own_channel_and_offers_nothing_to_press(channel: Channel) -> None:
    notice = await sent(channel)
    assert notice.address == a_contact(channel=channel).address
    assert notice.title == "Your Tocsin code is 012345"
    assert notice.url is None


async def test_a_code_and_how_long_it_is_good_fit_into_one_text() -> None:
    text = notice_text(await sent(Channel.SMS))
    assert text.startswith("Your Tocsin code is 012345. It is good for 15 minutes")
    assert len(text) < SMS_CHARACTERS
