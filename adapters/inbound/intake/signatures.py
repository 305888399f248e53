"""Bodies that their senders signed: HMAC-SHA256 over the bytes as they came, as lower-case hexadecimal digits.

Grafana: "Webhook notifications", "HMAC signature"; Sentry: "Integration platform", "Webhooks", "Verify signature".
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.inbound.intake.sent import Sent

GRAFANA_SIGNATURE: Final = "x-grafana-alerting-signature"
# Grafana sends one when its contact point names the header; the name is the operator's to choose, and we ask for this.
GRAFANA_TIMESTAMP: Final = "x-grafana-alerting-timestamp"
SENTRY_SIGNATURE: Final = "sentry-hook-signature"
TOLERANCE: Final = timedelta(minutes=5)  # a signed time further from now may be a replay
_TIMESTAMP_DIGITS: Final = 12  # enough for thirty thousand years; longer ones only cost time


def is_from_grafana(sent: Sent, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed these bytes; with a time, which is signed too, within five minutes of now."""
    timestamp = sent.headers.get(GRAFANA_TIMESTAMP)
    if timestamp is None:
        return _is_signed(sent.body, sent.headers.get(GRAFANA_SIGNATURE), secrets)
    if not _is_recent(timestamp, sent.received_at):
        return False
    return _is_signed(timestamp.encode() + b":" + sent.body, sent.headers.get(GRAFANA_SIGNATURE), secrets)


def is_from_sentry(sent: Sent, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed these bytes. Sentry's time is no part of it, so it says nothing."""
    return _is_signed(sent.body, sent.headers.get(SENTRY_SIGNATURE), secrets)


def _is_signed(signed: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    if signature is None:
        return False
    given = signature.strip().encode("utf-8", "surrogateescape")
    # Every secret is tried, so that the time taken does not tell which one fits.
    matches = [
        hmac.compare_digest(hmac.digest(secret.encode(), signed, "sha256").hex().encode(), given) for secret in secrets
    ]
    return any(matches)


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIMESTAMP_DIGITS):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()
