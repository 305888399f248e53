"""How much each integration may send: taken from the rate limiter in blocks, so that few events pay its round trip.

What a process has in hand it may spend whenever it likes. So in any time, all processes together let through no more
than the burst, what falls into the bucket meanwhile, and one block of each process beside its first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from application.errors import RateLimitedError
from application.ports.rate_limiter import RateLimiter
from domain.service.integration import IntakeLimits, Integration
from domain.shared.ids import IntegrationId
from domain.shared.quota import Quota

# A block is this part of the burst.
BLOCK_PART: Final = 10
# Bodies that are kept for people although nobody signed them: so many at once of an integration, then one a second.
UNSIGNED_KEPT: Final = Quota(burst=60, refill=timedelta(seconds=1))
# Of one heartbeat: a run pings a few times, and the shortest period is ten seconds.
PINGS: Final = Quota(burst=60, refill=timedelta(seconds=1))
# Of heartbeats that a server did not meet before storage went away, all together: every job of a night, then one a
# second. What is nobody's fills no queue then.
UNMET_PINGS: Final = Quota(burst=1_000, refill=timedelta(seconds=1))
# More integrations than a process hears of at a time; what is in hand for one that is forgotten is lost to it.
MOST: Final = 10_000
# A storm fills no log: so often it is said that an integration sends too much.
SAID_AGAIN_SECONDS: Final = 60.0

_log = structlog.get_logger()


@dataclass(slots=True)
class _Allowance:
    in_hand: int = 0
    refused: int = 0  # so many at once were too many ...
    refused_until: float = 0.0  # ... until then, so nobody has to be asked
    said_at: float = float("-inf")
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def spend(self, cost: int) -> bool:
        if self.in_hand < cost:
            return False
        self.in_hand -= cost
        return True


class Allowances:
    def __init__(
        self,
        limiter: RateLimiter,
        limits: IntakeLimits,
        *,
        in_blocks: bool,
        elapsed_seconds: Callable[[], float] = monotonic,
    ) -> None:
        """`in_blocks` is for a limiter that is far away; one in this process is asked for each body, and exact."""
        self._limiter = limiter
        self._limits = limits
        self._in_blocks = in_blocks
        self._elapsed_seconds = elapsed_seconds
        self._of: OrderedDict[IntegrationId, _Allowance] = OrderedDict()

    async def spend(self, integration: Integration, events: int) -> None:
        """A body costs its events, at least one; a body of more than the burst costs the burst, or it could never come.

        Raises `RateLimitedError`.
        """
        allowance = self._allowance_of(integration.id)
        if allowance.spend(max(1, events)):  # as nearly always, and then nobody asks what the limit is
            return
        quota = integration.quota(self._limits)
        cost = max(1, min(events, quota.burst))
        async with allowance.asking:  # who comes meanwhile shares the answer
            if allowance.spend(cost):
                return
            now = self._elapsed_seconds()
            if cost >= allowance.refused and now < allowance.refused_until:
                raise RateLimitedError(timedelta(seconds=allowance.refused_until - now))
            least = cost - allowance.in_hand
            block = max(least, quota.burst // BLOCK_PART) if self._in_blocks else least
            granted = await self._limiter.take(f"intake:{integration.id}", quota=quota, least=least, most=block)
            allowance.in_hand += granted.tokens
            if not granted.tokens:
                allowance.refused, allowance.refused_until = cost, now + granted.wait.total_seconds()
                self._say(integration, allowance, now)
                raise RateLimitedError(granted.wait)
            allowance.in_hand -= cost

    async def may_keep_unsigned(self, integration: Integration) -> bool:
        """Whether a body that its sender did not sign is kept, or refused and forgotten.

        It costs nothing of what the integration may send, or whoever has seen its URL could use that up.
        """
        return (await self._limiter.take(f"unsigned:{integration.id}", quota=UNSIGNED_KEPT)).tokens > 0

    async def spend_ping(self, key_hash: bytes) -> None:
        """Of a heartbeat, by the hash of its key, whether or not there is one. Raises `RateLimitedError`."""
        await self._limiter.spend([f"ping:{key_hash.hex()}"], quota=PINGS)

    async def may_keep_unmet_ping(self) -> bool:
        """Whether a sign of life is kept although nobody knows yet whose it is."""
        return (await self._limiter.take("ping:unmet", quota=UNMET_PINGS)).tokens > 0

    def _allowance_of(self, integration_id: IntegrationId) -> _Allowance:
        allowance = self._of.get(integration_id)
        if allowance is None:
            allowance = self._of[integration_id] = _Allowance()
            if len(self._of) > MOST:
                self._of.popitem(last=False)
        return allowance

    def _say(self, integration: Integration, allowance: _Allowance, now: float) -> None:
        if now - allowance.said_at >= SAID_AGAIN_SECONDS:
            allowance.said_at = now
            _log.warning("integration_throttled", integration_id=str(integration.id), integration=integration.name)
