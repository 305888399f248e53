"""Requests that Slack signed. Slack, "Verifying requests from Slack": version v0, HMAC-SHA256 over the raw body."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(seconds=300)  # the same page: older than five minutes may be a replay
_TIMESTAMP_DIGITS: Final = 12  # enough for thirty thousand years; longer ones only cost time


def is_from_slack(
    body: bytes, *, timestamp: str | None, signature: str | None, secrets: Sequence[str], now: datetime
) -> bool:
    """Whether one of the secrets signed these bytes within five minutes of now, either way.

    Several secrets are valid while one replaces another. Whatever is missing or malformed is just not from Slack.
    """
    if timestamp is None or signature is None or not _is_recent(timestamp, now):
        return False
    given = signature.encode("utf-8", "surrogateescape")
    signed = f"v0:{timestamp}:".encode() + body
    # Every secret is tried, so that the time taken does not tell which one fits.
    matches = [hmac.compare_digest(_sign(secret, signed), given) for secret in secrets if secret]
    return any(matches)


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIMESTAMP_DIGITS):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()


def _sign(secret: str, signed: bytes) -> bytes:
    return b"v0=" + hmac.digest(secret.encode(), signed, "sha256").hex().encode()
