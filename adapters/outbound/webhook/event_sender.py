"""Events to somebody's own server. RFC 9110, 15.3, 15.5.11 and 10.2.3; Standard Webhooks 1.0."""

import asyncio
import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import aiohttp

from adapters import tracing
from adapters.outbound.webhook.signature import signed_headers
from adapters.wire.published import body_of, labels_of, trace_of
from application.ports.clock import Clock
from application.ports.event_deliveries import LeasedDelivery
from application.ports.event_sender import Answer, EventSender
from domain.subscription.delivery import Verdict

TIMEOUT_SECONDS: Final = 15.0
ANSWER_BYTES: Final = 16_384  # of an answer that is read, so that its connection can be used again
_WAITED_FOR: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RETRY_AFTER_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class WebhookEventSender(EventSender):
    """Posts one event, signed with each secret that is valid. Only 2xx is success, and no redirect is followed.

    `plain` is for http, which reaches the operator's listed networks alone: what is not encrypted stays inside.
    """

    session: aiohttp.ClientSession
    plain: aiohttp.ClientSession
    clock: Clock
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def most(self) -> int:
        return 1

    async def send(self, batch: Sequence[LeasedDelivery]) -> tuple[Answer, ...]:
        return tuple([await self._send(leased) for leased in batch])

    async def _send(self, leased: LeasedDelivery) -> Answer:
        if not leased.secrets:
            return Answer(verdict=Verdict.FAILED, detail="the subscription has no secret to sign with")
        body = body_of(leased)
        newest, *older = leased.secrets
        signature = signed_headers(
            body,
            message_id=leased.delivery.message_id,
            at=self.clock.now(),
            secret=newest,
            old_secrets=older,
        )
        trace = tracing.carried(trace_of(leased))
        headers = {"Content-Type": "application/json", **signature, **labels_of(leased), **trace}
        return await self._post(leased.subscription.address, body, headers)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """No detail holds the URL, which may carry a secret."""
        session = self.session if url.lower().startswith("https:") else self.plain
        try:
            async with (
                asyncio.timeout(self.timeout_seconds),
                session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                await response.content.read(ANSWER_BYTES)
                return judged(response.status, response.headers)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return Answer(verdict=Verdict.FAILED, detail="the address is not a URL that can be asked")
        except aiohttp.RedirectClientError:
            return Answer(verdict=Verdict.FAILED, detail="the receiver points elsewhere, which is not followed")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return _unconnected(error)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(verdict=Verdict.UNKNOWN, detail=f"no answer: {type(error).__name__}")


def judged(status: int, headers: Mapping[str, str]) -> Answer:
    if 200 <= status < 300:
        return Answer(verdict=Verdict.DELIVERED, detail=f"answered {status}")
    if status == HTTPStatus.GONE:
        return Answer(verdict=Verdict.GONE, detail="answered 410: it wants no more")
    retry_after = _retry_after(headers) if status in _WAITED_FOR else None
    return Answer(verdict=Verdict.FAILED, detail=f"answered {status}", retry_after=retry_after)


def _unconnected(error: aiohttp.ClientError) -> Answer:
    """Nothing was sent."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno == errno.EACCES:
        return Answer(verdict=Verdict.FAILED, detail="the address is not one that messages may be sent to")
    return Answer(verdict=Verdict.FAILED, detail=f"no connection: {type(error).__name__}")


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Whole seconds; a date or anything else is no wish."""
    given = headers.get("Retry-After", "").strip()
    if not (given.isascii() and given.isdigit() and len(given) <= _RETRY_AFTER_DIGITS):
        return None
    return timedelta(seconds=int(given))
