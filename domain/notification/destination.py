"""Where a team is told, and nobody in particular: a channel, a topic, a server of its own."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from domain.notification.contact import Channel, reason_against
from domain.shared.errors import InvalidValueError
from domain.shared.ids import DestinationId, TeamId
from domain.shared.limits import DESTINATION_ADDRESS_CHARACTERS, NAME_CHARACTERS
from domain.shared.text import require_length

# Slack, "Conversations API": public channels begin with C, private ones made before 2021 with G
_SLACK_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,31}")


class DestinationKind(StrEnum):
    SLACK_CHANNEL = "slack_channel"
    NTFY_TOPIC = "ntfy_topic"
    WEBHOOK = "webhook"

    @property
    def channel(self) -> Channel:
        """What carries messages to it."""
        return _CHANNELS[self]


_CHANNELS: Final = {
    DestinationKind.SLACK_CHANNEL: Channel.SLACK,
    DestinationKind.NTFY_TOPIC: Channel.NTFY,
    DestinationKind.WEBHOOK: Channel.WEBHOOK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What a step tells beside people. It wakes nobody for certain, so no proof counts it.

    Raises:
        InvalidValueError: a field is empty, too long, or none that the kind could reach.
    """

    id: DestinationId
    team_id: TeamId
    name: str
    kind: DestinationKind
    address: str
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        require_length("address", self.address, most=DESTINATION_ADDRESS_CHARACTERS)
        if (reason := _reason_against(self.kind, self.address)) is not None:
            raise InvalidValueError("address", reason)

    @property
    def channel(self) -> Channel:
        return self.kind.channel

    @property
    def is_signed(self) -> bool:
        """Whether its messages are signed with a secret of its own."""
        return self.kind is DestinationKind.WEBHOOK

    @property
    def shown_address(self) -> str:
        """For whoever does not configure it."""
        return masked(self.channel, self.address)


def masked(channel: Channel, address: str) -> str:
    """Of what is posted to a URL the server alone, since the rest may be a secret."""
    if channel is not Channel.WEBHOOK:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/…"


def _reason_against(kind: DestinationKind, address: str) -> str | None:
    """Why nothing could be sent there."""
    if kind is DestinationKind.SLACK_CHANNEL:
        is_id = _SLACK_CHANNEL.fullmatch(address)
        return None if is_id else "is not the id of a Slack channel, such as C0123ABCD: see the end of its details"
    return reason_against(kind.channel, address)
