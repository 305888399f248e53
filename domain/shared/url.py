"""URLs that somebody gives us to be asked later: RFC 3986, as far as every part on the way agrees what one means."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

HTTPS: Final = frozenset({"https"})
HTTP: Final = frozenset({"http", "https"})


def web_url(text: str, *, schemes: frozenset[str] = HTTPS) -> SplitResult | None:
    """The parts of a plain URL of one of the schemes; None: it is none.

    Without a name and a password, which would stand in the logs of proxies, and without anything that parsers read
    differently: spaces, control characters, letters that are not ASCII, a port that is none.
    """
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in schemes and parts.hostname and "@" not in parts.netloc else None
