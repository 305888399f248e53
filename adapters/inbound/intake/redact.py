"""Raw bodies are kept for replay; the secret in them is not."""

import re
from typing import Final

REDACTED: Final = b"[redacted]"

# Serialisers escape quotes, `&` and `<`, never letters or digits: only these need the slow search.
_ORDINARY: Final = re.compile(r"[A-Za-z0-9_-]+")
_ORDINARY_ESCAPED: Final = re.compile(rb"\\u00(?:2d|3[0-9]|[46][1-9a-f]|5[0-9af]|7[0-9a])", re.IGNORECASE)


def redacted(body: bytes, secret: str) -> bytes:
    """The body without the secret, however JSON spells it: plain, or with any of its characters escaped."""
    if not secret:
        return body
    if b"\\" not in body or (_ORDINARY.fullmatch(secret) and not _ORDINARY_ESCAPED.search(body)):
        return body.replace(secret.encode("utf-8", "surrogatepass"), REDACTED)
    return re.sub(b"".join(_spellings(character) for character in secret), REDACTED, body)


def _spellings(character: str) -> bytes:
    plain = re.escape(character.encode("utf-8", "surrogatepass"))
    units = character.encode("utf-16-be", "surrogatepass").hex()
    escaped = b"".join(rb"\\u(?i:%s)" % units[start : start + 4].encode() for start in range(0, len(units), 4))
    spellings = [plain, escaped]
    if character in '"\\/':
        spellings.append(re.escape(b"\\" + character.encode()))
    return b"(?:" + b"|".join(spellings) + b")"
