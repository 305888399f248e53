"""One SMS of one part. GSM 03.38 (3GPP TS 23.038, 6.2.1): 160 characters of seven bits; one other makes it 70."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from adapters.plain_text import one_line, web_link
from application.ports.notifier import Message, NoticeMessage

SMS_CHARACTERS: Final = 160
# The basic table without its line breaks and its escape
GSM: Final = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each would take two places, or has a plain twin
_INSTEAD: Final[Mapping[str, str]] = {
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
    "\\": "/",
    "|": "/",
    "~": "-",
    "^": "'",
    "`": "'",
    "€": "EUR",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
}
_CUT: Final = ".."
_REPEAT: Final = " (may be a repeat)"


def sms_text(message: Message, *, takes_answers: bool = False) -> str:
    """What decides whether to get up, in one part; the title gives way to what surrounds it."""
    before, after = _surroundings(message)
    if takes_answers and message.status == "triggered":
        after += f". Answer ACK {message.incident_number}"
    return before + _cut(gsm(one_line(message.title)), SMS_CHARACTERS - len(before) - len(after)) + after


def notice_text(notice: NoticeMessage) -> str:
    """Its title and as many of its lines as one part holds. Without links, which are longer than that."""
    after = _REPEAT if notice.may_be_repeat else ""
    lines = [notice.title, *(line for line in notice.text.splitlines() if web_link(line.strip()) is None)]
    whole = ". ".join(filter(None, (gsm(one_line(line)).rstrip(".") for line in lines)))
    return _cut(whole, SMS_CHARACTERS - len(after)) + after


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - len(_CUT)].rstrip() + _CUT


def gsm(text: str) -> str:
    """The text in single places of the basic table: letters without their accents where it has none, `?` for the
    rest."""
    return "".join(map(_gsm, text))


def _gsm(character: str) -> str:
    if character in GSM:
        return character
    if character in _INSTEAD:
        return _INSTEAD[character]
    plain = "".join(each for each in unicodedata.normalize("NFKD", character) if each in GSM)
    return plain or "?"


def _surroundings(message: Message) -> tuple[str, str]:
    before = f"{gsm(one_line(message.severity))[:8]} INC-{message.incident_number} "
    if message.status != "triggered":
        return before, f" ({gsm(one_line(message.status))[:20]})"
    return before, _REPEAT if message.may_be_repeat else ""
