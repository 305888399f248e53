"""Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 over id, time and the very bytes that are sent."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what every secret begins with, and none itself
SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64


def signed_headers(
    body: bytes, *, message_id: str, at: datetime, secret: str, old_secrets: Sequence[str] = ()
) -> dict[str, str]:
    """Id, time and a signature by each secret: during a rotation the old one's receivers still know theirs.

    Raises `ValueError`, which does not hold it, for what is no secret.
    """
    assert "." not in message_id, "the dot ends it in what is signed"
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(signed, each) for each in (secret, *old_secrets)),
    }


def _signature(signed: bytes, secret: str) -> str:
    return f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not (secret.startswith(SECRET_PREFIX) and SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX):
        raise ValueError("not a secret of a webhook")
    return key
