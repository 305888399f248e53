"""SNS over HTTPS, through the guard that every outgoing request passes."""

import ssl
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import aiohttp

from application.ports.clock import Clock
from application.ports.errors import PermanentPortError, TransientPortError
from application.ports.sns import SnsEndpoint

CERTIFICATE_BYTES: Final = 64 * 1024  # far more than a certificate has
# They are replaced about once a year, under another URL; a stored one is asked for again all the same.
CERTIFICATE_KEPT: Final = timedelta(hours=6)
CERTIFICATES_KEPT: Final = 100  # guesses must not fill the memory


@dataclass(slots=True)
class HttpSnsEndpoint(SnsEndpoint):
    """The session is its maker's to close."""

    session: aiohttp.ClientSession
    clock: Clock
    trust: ssl.SSLContext | bool = True
    _certificates: OrderedDict[str, tuple[datetime, bytes]] = field(default_factory=OrderedDict)

    async def certificate(self, url: str) -> bytes:
        now = self.clock.now()
        fetched_at, stored = self._certificates.get(url, (None, b""))
        if fetched_at is not None and now - fetched_at < CERTIFICATE_KEPT:
            return stored
        fetched = await self._get(url)
        self._certificates[url] = now, fetched
        self._certificates.move_to_end(url)
        if len(self._certificates) > CERTIFICATES_KEPT:
            self._certificates.popitem(last=False)
        return fetched

    async def confirm(self, *, region: str, topic_arn: str, token: str) -> None:
        # Built here: the address in the message is its sender's word.
        suffix = ".cn" if region.startswith("cn-") else ""
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic_arn, "Token": token})
        await self._get(f"https://sns.{region}.amazonaws.com{suffix}/?{query}")

    async def _get(self, url: str) -> bytes:
        """Nothing of the URL is in what is raised: it may hold a token."""
        try:
            async with self.session.get(url, ssl=self.trust) as response:
                body = await response.content.read(CERTIFICATE_BYTES + 1)
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise TransientPortError(f"SNS does not answer: {type(error).__name__}") from None
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransientPortError(f"SNS answered {status}")
        if status != HTTPStatus.OK:
            raise PermanentPortError(f"SNS answered {status}")
        if len(body) > CERTIFICATE_BYTES:
            raise PermanentPortError(f"SNS answered with more than {CERTIFICATE_BYTES} bytes")
        return body
