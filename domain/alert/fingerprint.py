"""Which reports are the same alert, computed as Alertmanager computes it, so that both ways in agree on the key.

Alertmanager: `LabelSet.Fingerprint` (FNV-1a, 64 bit) and the SHA-256 of the group key in its PagerDuty messages.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Final

# FNV, "Parameters of the FNV-1/1a hash", 64 bit
_OFFSET_BASIS: Final = 0xCBF29CE484222325
_PRIME: Final = 0x100000001B3
_MASK: Final = 0xFFFFFFFFFFFFFFFF
_SEPARATOR: Final = b"\xff"  # occurs in no UTF-8 text, so names and values cannot run into each other


def fingerprint(labels: Mapping[str, str], *, ignore: Collection[str] = frozenset()) -> str:
    """16 hex digits that depend on the labels alone: not on their order, not on empty ones, not on the ignored."""
    value = _OFFSET_BASIS
    for name in sorted(labels):
        if labels[name] and name not in ignore:
            # Decoded text may hold what UTF-8 cannot; a fingerprint must exist for it all the same.
            parts = (name.encode("utf-8", "surrogatepass"), labels[name].encode("utf-8", "surrogatepass"))
            for byte in _SEPARATOR.join(parts) + _SEPARATOR:
                value = ((value ^ byte) * _PRIME) & _MASK
    return f"{value:016x}"


def group_hash(group_key: str) -> str:
    """64 hex digits: what Alertmanager and Grafana send as dedup key for the whole group."""
    return sha256(group_key.encode("utf-8", "surrogatepass")).hexdigest()
