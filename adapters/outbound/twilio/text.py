"""One SMS of one part. GSM 03.38 (3GPP TS 23.038, 6.2.1): 160 characters of seven bits; one other makes it 70."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from adapters.plain_text import one_line
from application.ports.notifier import Message

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


def sms_text(message: Message) -> str:
    """What decides whether to get up, in one part; the title gives way to what surrounds it."""
    title = gsm(one_line(message.title))
    before, after = _surroundings(message)
    room = SMS_CHARACTERS - len(before) - len(after)
    shown = title if len(title) <= room else title[: room - len(_CUT)].rstrip() + _CUT
    return before + shown + after


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
    if message.incident_number == 0:
        return "", ""  # about no incident
    before = f"{gsm(one_line(message.severity))[:8]} INC-{message.incident_number} "
    if message.status != "triggered":
        return before, f" ({gsm(one_line(message.status))[:20]})"
    repeat = " (may be a repeat)" if message.may_be_repeat else ""
    return before, repeat
