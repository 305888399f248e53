"""What a person is told that is about no incident: their shift begins, a contact of theirs failed, a drill."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.shared.limits import SUMMARY_CHARACTERS
from domain.shared.text import require_length

KEY_CHARACTERS: Final = 200  # room for a kind, two ids and an instant
TEXT_CHARACTERS: Final = 2000  # what a mail reader shows without scrolling for long; a chat message holds more


class NoticeKind(StrEnum):
    """Why somebody is told."""

    SHIFT_AHEAD = "shift_ahead"  # you will be on call
    SHIFT_STARTED = "shift_started"  # you are on call now
    SHIFT_ENDED = "shift_ended"  # you handed off
    COVER = "cover"  # somebody asks you to stand in, or answered your asking
    ABSENCE = "absence"  # you are away in a shift of yours
    CONTACT_FAILED = "contact_failed"  # one of your contacts takes no messages
    DESTINATION_FAILED = "destination_failed"  # a channel or a server of your team takes no messages
    DIGEST = "digest"  # pages that were overtaken while nothing could be sent
    DRILL = "drill"  # a test page: does it arrive?
    SUBSCRIPTION_OFF = "subscription_off"  # nothing could be delivered to it for days
    STALLED = "stalled"  # incidents that nothing happens to: the second path of promise P2


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`key`, with the person and the contact, names one notice for ever: whoever decides on it twice makes it once.

    Raises:
        InvalidValueError: the key, the title or the text is empty or too long.
    """

    kind: NoticeKind
    key: str
    title: str  # one line: all that a lock screen shows
    text: str  # plain, in short lines
    url: str | None = None  # where to act on it or read on

    def __post_init__(self) -> None:
        require_length("key", self.key, most=KEY_CHARACTERS)
        require_length("title", self.title, most=SUMMARY_CHARACTERS)
        require_length("text", self.text, most=TEXT_CHARACTERS)
