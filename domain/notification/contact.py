"""Where a user can be reached."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId, UserId
from domain.shared.limits import ADDRESS_CHARACTERS
from domain.shared.url import web_url

# ntfy takes no other characters, and no more of them, in a topic's name
_TOPIC: Final = re.compile(r"[-_A-Za-z0-9]{1,64}")
# ITU-T E.164, 6.2.1: a country code, which begins with no zero, and 15 digits in all
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# Slack's ids: of a member (U, W), a direct message (D) or a channel (C, G); a channel's with that of a user group (S)
_SLACK: Final = re.compile(r"[UWD][A-Z0-9]{2,20}|[CG][A-Z0-9]{2,20}(/S[A-Z0-9]{2,20})?")


class Channel(StrEnum):
    EMAIL = "email"
    SLACK = "slack"
    NTFY = "ntfy"
    WEBHOOK = "webhook"
    SMS = "sms"
    VOICE = "voice"


# Whose messages are signed with a secret of the contact's own
SIGNED: Final = frozenset({Channel.WEBHOOK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One address of one user on one channel.

    An e-mail address, a Slack member or channel id, a channel's with a user group's that is called there, an ntfy topic
    by its name or its URL, an https URL that messages are posted to, a telephone number as of E.164.
    """

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

    @property
    def fault(self) -> str | None:
        """Why the channel could never reach it. Nobody can give such an address, but one may have been given before
        this was asked: it is tried like any other, and its owner is shown what is amiss."""
        return reason_against(self.channel, self.address)


def reason_against(channel: Channel, address: str) -> str | None:
    """Why the channel could never reach it."""
    match channel:
        case Channel.EMAIL:
            return None if "@" in address[1:-1] else "is not an e-mail address"
        case Channel.NTFY:
            is_topic = _TOPIC.fullmatch(address) or _is_topic_url(address)
            return None if is_topic else "is not a topic of 1 to 64 letters, digits, - and _, nor its https URL"
        case Channel.WEBHOOK:
            return None if web_url(address) else "is not an https URL without a name and a password"
        case Channel.SMS | Channel.VOICE:
            return None if _E164.fullmatch(address) else "is not + and 7 to 15 digits, such as +4915112345678"
        case Channel.SLACK:
            is_id = _SLACK.fullmatch(address)
            return None if is_id else "is not a Slack id, such as U0123ABC, C0123ABC, or C0123ABC/S0123ABC for a group"


def _is_topic_url(address: str) -> bool:
    parts = web_url(address)
    if parts is None or parts.query or parts.fragment:
        return False
    return _TOPIC.fullmatch(parts.path.removeprefix("/")) is not None
