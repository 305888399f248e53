"""Destinations: what policies tell beside people."""

from uuid import UUID

import pytest

from domain.notification.contact import Channel
from domain.notification.destination import Destination, DestinationKind, masked
from domain.shared.errors import InvalidValueError
from domain.shared.ids import DestinationId
from domain.shared.limits import DESTINATION_ADDRESS_CHARACTERS
from tests.support.builders import CREW


def a_destination(kind: DestinationKind, address: str, *, name: str = "Ops") -> Destination:
    return Destination(id=DestinationId(UUID(int=1)), team_id=CREW, name=name, kind=kind, address=address)


@pytest.mark.parametrize(
    ("kind", "address", "channel"),
    [
        (DestinationKind.SLACK_CHANNEL, "C0123ABCD", Channel.SLACK),
        (DestinationKind.SLACK_CHANNEL, "G0123ABCD", Channel.SLACK),
        (DestinationKind.NTFY_TOPIC, "ops", Channel.NTFY),
        (DestinationKind.NTFY_TOPIC, "https://ntfy.example.test/ops", Channel.NTFY),
        (DestinationKind.WEBHOOK, "https://hooks.example.test/t/secret", Channel.WEBHOOK),
    ],
)
def test_each_kind_is_told_by_its_channel(kind: DestinationKind, address: str, channel: Channel) -> None:
    assert a_destination(kind, address).channel is channel


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (DestinationKind.SLACK_CHANNEL, "#ops"),
        (DestinationKind.SLACK_CHANNEL, "U0123ABCD"),
        (DestinationKind.SLACK_CHANNEL, "C0123abcd"),
        (DestinationKind.NTFY_TOPIC, "two words"),
        (DestinationKind.WEBHOOK, "http://hooks.example.test/"),
        (DestinationKind.WEBHOOK, "https://name:password@hooks.example.test/"),
        (DestinationKind.WEBHOOK, "https://hooks.example.test/" + "x" * DESTINATION_ADDRESS_CHARACTERS),
        (DestinationKind.WEBHOOK, ""),
    ],
)
def test_an_address_that_its_kind_could_not_reach_is_refused(kind: DestinationKind, address: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^address: (has|is|must) "):
        a_destination(kind, address)


def test_a_destination_has_a_name() -> None:
    with pytest.raises(InvalidValueError, match=r"^name: has 0 "):
        a_destination(DestinationKind.NTFY_TOPIC, "ops", name="")


def test_only_a_webhook_is_signed_with_a_secret_of_its_own() -> None:
    assert a_destination(DestinationKind.WEBHOOK, "https://hooks.example.test/t").is_signed
    assert not a_destination(DestinationKind.SLACK_CHANNEL, "C0123ABCD").is_signed
    assert not a_destination(DestinationKind.NTFY_TOPIC, "ops").is_signed


def test_of_a_webhooks_address_the_server_alone_is_shown() -> None:
    address = "https://hooks.example.test:8443/t/secret?key=x"
    assert masked(Channel.WEBHOOK, address) == "https://hooks.example.test:8443/…"
    assert a_destination(DestinationKind.WEBHOOK, address).shown_address == "https://hooks.example.test:8443/…"
    assert masked(Channel.SLACK, "C0123ABCD") == "C0123ABCD"
