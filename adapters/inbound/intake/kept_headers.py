"""Which headers are kept with a body: those by which its translator reads it, and never one that lets somebody in."""

from collections.abc import Collection, Mapping
from typing import Final

from adapters.inbound.intake.redact import redacted

# Names and values together. CloudEvents asks receivers to take 64 KiB of an event, most of which is its body.
HEADERS_BYTES: Final = 8 * 1024
# In the name of a header that is read by the beginning of its name, such as an extension of CloudEvents.
_SECRETS: Final = ("apikey", "authorization", "cookie", "credential", "password", "secret", "signature", "token")


def kept_headers(headers: Mapping[str, str], reads: Collection[str], *, key: str) -> dict[str, str]:
    """Those of `reads`, less the key; a name that ends with a hyphen stands for all that begin with it.

    More than may be kept are kept none of them: by some alone the body would say something else.
    """
    kept = {name: value for name, value in headers.items() if _is_read(name, reads) and not _is_secret(name)}
    if not kept or sum(len(name) + len(value) for name, value in kept.items()) > HEADERS_BYTES:
        return {}
    return {name: _without(key, value) for name, value in kept.items()}


def _is_read(name: str, reads: Collection[str]) -> bool:
    return any(name.startswith(each) if each.endswith("-") else name == each for each in reads)


def _is_secret(name: str) -> bool:
    return any(word in name for word in _SECRETS)


def _without(key: str, value: str) -> str:
    """Without what storage holds in no text, too."""
    return redacted(value.encode("utf-8", "replace"), key).decode("utf-8", "replace").replace("\x00", "")
