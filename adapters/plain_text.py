"""Text and links that a sender wrote, made safe to show: one line, no control characters, nothing that reorders it."""

import unicodedata
from typing import Final
from urllib.parse import urlsplit

ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
# UAX #9: marks that change the direction of what follows, so that a title could read as something else
_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})


def one_line(text: str) -> str:
    """The text with each run of white space and control characters as one space, and nothing that reorders it."""
    is_plain = text.isascii() and text.isprintable()
    return " ".join((text if is_plain else "".join(map(_shown, text))).split())


def _shown(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if character in _BIDI_CONTROLS:
        return ""
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"  # half of a surrogate pair cannot be encoded
    return " " if category in _BREAKS else character


def shortened(text: str, *, most: int) -> str:
    """At most so many code points; a cut text ends in an ellipsis, which is counted."""
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS


def web_link(url: str | None) -> str | None:
    """The URL when it is a plain http or https one, else nothing: `javascript:` and broken ones are not offered."""
    if url is None or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
