"""Where outgoing messages may go, asked when an address is saved. Each connection passes the guard once more."""

import asyncio
import socket
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from adapters.outbound.http.guard import BlockedAddressError, OutgoingGuard
from application.ports.outgoing_addresses import OutgoingAddresses
from domain.shared.errors import InvalidValueError
from domain.subscription.subscription import SubscriptionKind

LOOK_UP_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedAddresses(OutgoingAddresses):
    """URLs whose every address passes the guard; topics and queues that the operator has listed.

    A queue is named by somebody who may not send to it, and sent to by us, who may send to many: so the list.
    """

    guard: OutgoingGuard
    plain: OutgoingGuard  # for http
    arns: tuple[str, ...] = ()  # as in IAM, `*` stands for anything

    async def check(self, kind: SubscriptionKind, address: str) -> None:
        if kind is SubscriptionKind.WEBHOOK:
            await self.check_url(address)
        elif not any(fnmatchcase(address, pattern) for pattern in self.arns):
            raise InvalidValueError("address", "is not on the operator's list, TOCSIN_SUBSCRIPTION_ARNS")

    async def check_url(self, address: str) -> None:
        parts = urlsplit(address)
        is_secure = parts.scheme == "https"
        guard, port = (self.guard, parts.port or 443) if is_secure else (self.plain, parts.port or 80)
        for found in await _addresses(parts.hostname or "", port):
            try:
                guard.check(found, port)
            except BlockedAddressError as error:
                hint = "" if is_secure else "; http is for the networks of TOCSIN_OUTGOING_NETWORKS alone"
                raise InvalidValueError("address", f"must not be sent to: {error.reason}{hint}") from None


async def _addresses(host: str, port: int) -> list[str]:
    """Raises `InvalidValueError` for a name that nobody knows."""
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise InvalidValueError("address", "names a host that cannot be found") from None
    return [str(info[4][0]) for info in found]
