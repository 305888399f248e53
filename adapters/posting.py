"""One POST to a provider of messages, and what its answer says about another try. RFC 9110 15.5, 15.6 and 10.2.3."""

import asyncio
import errno
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

import aiohttp

from application.ports.notifier import Delivery, Outcome

ANSWER_BYTES: Final = 65_536  # of an answer that is read; nobody has more to say about one message
# Refusals that are about the moment and not about the message: too early, too often, or too slow
_PASSING: Final = frozenset({408, 425, 429})
_RETRY_AFTER_DIGITS: Final = 6


class Posted(NamedTuple):
    delivery: Delivery  # without a receipt, which each provider names in its own way
    status: int = 0  # 0: no answer
    body: bytes = b""


async def post(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    provider: str,
    timeout_seconds: float,
) -> Posted:
    """Never raises for what the network or the provider does. No detail holds the URL, which may carry a secret."""
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            answer = await response.content.read(ANSWER_BYTES)
            return Posted(_judged(response.status, response.headers, provider), response.status, answer)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        return Posted(Delivery(outcome=Outcome.REJECTED, detail="the address is not a URL that can be asked"))
    except aiohttp.RedirectClientError:
        return Posted(Delivery(outcome=Outcome.REJECTED, detail=f"{provider} points elsewhere, which is not followed"))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return Posted(_unconnected(error, provider))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        detail = f"no answer from {provider}: {type(error).__name__}"
        return Posted(Delivery(outcome=Outcome.UNKNOWN, detail=detail))


def _judged(status: int, headers: Mapping[str, str], provider: str) -> Delivery:
    if 200 <= status < 300:
        return Delivery(outcome=Outcome.DELIVERED, detail=f"{provider} took it")
    detail = f"{provider} refused with status {status}"
    if status in _PASSING or status >= 500:
        return Delivery(outcome=Outcome.RETRY, detail=detail, retry_after=_retry_after(headers))
    if status >= 400:
        return Delivery(outcome=Outcome.REJECTED, detail=detail)
    return Delivery(outcome=Outcome.REJECTED, detail=f"{provider} points elsewhere, which is not followed")


def _unconnected(error: aiohttp.ClientError, provider: str) -> Delivery:
    """Nothing was sent. An address that we must not reach will not become one that we may."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno == errno.EACCES:
        return Delivery(outcome=Outcome.REJECTED, detail="the address is not one that messages may be sent to")
    return Delivery(outcome=Outcome.RETRY, detail=f"no connection to {provider}: {type(error).__name__}")


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Whole seconds; a date or anything else is no wish."""
    given = headers.get("Retry-After", "").strip()
    if not (given.isascii() and given.isdigit() and len(given) <= _RETRY_AFTER_DIGITS):
        return None
    return timedelta(seconds=int(given))
