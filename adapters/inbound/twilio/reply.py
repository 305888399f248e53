"""What somebody wrote back to a text message. Twilio, "Support for opt-out keywords", has those that stop messages."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

NUMBER_DIGITS: Final = 9
_REPLY: Final = re.compile(
    rf"\s*(?P<word>[a-z]+|1)(?:\s+(?:inc-?|#)?(?P<number>[0-9]{{1,{NUMBER_DIGITS}}}))?\s*[.!]?\s*", re.IGNORECASE
)


class Word(StrEnum):
    """What it asks for."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    STOP = "stop"
    PASSED_OVER = "passed_over"  # Twilio itself answers it
    UNKNOWN = "unknown"


_WORDS: Final = {
    **dict.fromkeys(("ack", "acknowledge", "a", "1", "ok"), Word.ACKNOWLEDGE),
    **dict.fromkeys(("resolve", "resolved"), Word.RESOLVE),
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"), Word.STOP),
    **dict.fromkeys(("start", "unstop", "yes", "help", "info"), Word.PASSED_OVER),
}


class Reply(NamedTuple):
    word: Word
    number: int | None = None  # of an incident; None: the newest one that waits for an answer


def read_reply(text: str) -> Reply:
    """A word, and maybe the number of an incident: `ack`, `ACK 123`, `resolve INC-123`. Anything else is unknown."""
    found = _REPLY.fullmatch(text)
    if found is None:
        return Reply(Word.UNKNOWN)
    number = found["number"]
    return Reply(_WORDS.get(found["word"].lower(), Word.UNKNOWN), None if number is None else int(number))
