import pytest

from domain.notification.contact import Channel
from domain.shared.via import Via


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_is_a_door_of_its_own_name(channel: Channel) -> None:
    assert Via(channel.value).value == channel.value
