"""Requests that Twilio signed. Twilio, "Webhooks security": HMAC-SHA1 with the account's auth token."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from itertools import chain


def is_from_twilio(
    url: str, fields: Mapping[str, Sequence[str]], *, signature: str | None, auth_tokens: Sequence[str]
) -> bool:
    """Whether one of the tokens signed this URL, as Twilio was told it, with these fields of a form.

    Several tokens are valid while one replaces another. A signature that is missing or malformed is just not Twilio's.
    """
    if signature is None:
        return False
    given = signature.encode("utf-8", "surrogateescape")
    signed = _signed(url, fields)
    # Every token is tried, so that the time taken does not tell which one fits.
    matches = [hmac.compare_digest(_sign(token, signed), given) for token in auth_tokens if token]
    return any(matches)


def _signed(url: str, fields: Mapping[str, Sequence[str]]) -> bytes:
    """Names in order, each with its values in order, and nothing between."""
    parts = (f"{name}{value}" for name in sorted(fields) for value in sorted(set(fields[name])))
    return "".join(chain((url,), parts)).encode("utf-8", "surrogateescape")


def _sign(token: str, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(token.encode(), signed, "sha1"))
