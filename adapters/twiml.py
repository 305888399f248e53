"""What Twilio is answered and told to say. Twilio, "TwiML": XML 1.0, in which not every character may stand."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from adapters.plain_text import one_line, shortened

_SAID_CHARACTERS: Final = 300  # half a minute of speech; nobody listens longer before a key is pressed
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def response(*verbs: str) -> str:
    """A whole document. Without a verb: Twilio does nothing, or hangs up."""
    return f"{_HEAD}<Response>{''.join(verbs)}</Response>"


def say(text: str) -> str:
    return f"<Say>{_text(text)}</Say>"


def message(text: str) -> str:
    """A text message in answer to the one that came."""
    return f"<Message>{_text(text)}</Message>"


def ask_for_key(said: Sequence[str], *, action: str, wait_seconds: int) -> str:
    """Say this, and post the key that is pressed meanwhile, or a while after, to the action."""
    spoken = '<Pause length="1"/>'.join(map(say, said))
    attributes = f'input="dtmf" numDigits="1" timeout="{wait_seconds}" method="POST" action={quoteattr(action)}'
    return f"<Gather {attributes}>{spoken}</Gather>"


def _text(text: str) -> str:
    return escape("".join(filter(_is_xml, shortened(one_line(text), most=_SAID_CHARACTERS))))


def _is_xml(character: str) -> bool:
    """XML 1.0, production 2: neither control characters nor U+FFFE and U+FFFF."""
    return " " <= character <= "\ud7ff" or "\ue000" <= character <= "\ufffd" or character > "\uffff"
