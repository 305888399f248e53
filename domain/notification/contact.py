"""Where a user can be reached."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId, UserId
from domain.shared.limits import ADDRESS_CHARACTERS


class Channel(StrEnum):
    EMAIL = "email"
    SLACK = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One address of one user on one channel: an e-mail address, or a Slack member or channel id."""

    id: ContactId
    user_id: UserId
    channel: Channel
    address: str
    label: str = ""
    verified_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.address) <= ADDRESS_CHARACTERS:
            raise InvalidValueError(
                "address", f"has {len(self.address)} characters, allowed are 1 to {ADDRESS_CHARACTERS}"
            )
        if any(character < " " or character == "\x7f" for character in self.address):
            raise InvalidValueError("address", "must not contain control characters")
        if self.channel is Channel.EMAIL and "@" not in self.address[1:-1]:
            raise InvalidValueError("address", "is not an e-mail address")
