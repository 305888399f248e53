"""GCRA, the generic cell rate algorithm (ITU-T I.371, annex A), as atomic scripts: one round trip each.

The rule is that of `domain/shared/quota.py`; one suite of tests holds both to the same promises.

A key holds the instant at which its bucket is full again, in microseconds of Redis's own clock, and expires then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.errors import RateLimitedError
from application.ports.rate_limiter import Granted, RateLimiter
from domain.shared.quota import Quota

PREFIX: Final = "tocsin:rate:"
# A log-in must not wait for a cache.
PATIENCE_SECONDS: Final = 0.2
# After a failure it is not asked again for so long.
PAUSE_SECONDS: Final = 5.0

_SPEND: Final = """
local burst, refill = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full_at, wait = {}, 0
for i, key in ipairs(KEYS) do
  full_at[i] = math.max(tonumber(redis.call('GET', key) or now), now) + refill
  wait = math.max(wait, full_at[i] - now - burst * refill)
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', full_at[i]), 'PX', math.ceil((full_at[i] - now) / 1000))
end
return 0
"""

# As `domain.shared.quota.take` decides it.
_TAKE: Final = """
local burst, refill = tonumber(ARGV[1]), tonumber(ARGV[2])
local least, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local there_are = math.floor((now + burst * refill - full_at) / refill)
if there_are < least then return {0, full_at + least * refill - now - burst * refill} end
local count = math.min(there_are, most)
full_at = full_at + count * refill
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return {count, 0}
"""

_log = structlog.get_logger()


@dataclass(slots=True)
class RedisRateLimiter(RateLimiter):
    """Counts for all processes together, and lets `fallback` count while Redis does not answer."""

    redis: Redis
    fallback: RateLimiter
    _away_until: float = field(default=0.0, init=False)

    async def spend(self, keys: Sequence[str], *, quota: Quota) -> None:
        answer = await self._asked(_SPEND, keys, quota)
        if answer is None:
            await self.fallback.spend(keys, quota=quota)
        elif answer > 0:
            raise RateLimitedError(timedelta(microseconds=int(answer)))

    async def take(self, key: str, *, quota: Quota, least: int = 1, most: int = 1) -> Granted:
        answer = await self._asked(_TAKE, [key], quota, least, most)
        if answer is None:
            return await self.fallback.take(key, quota=quota, least=least, most=most)
        count, wait = answer
        return Granted(int(count), timedelta(microseconds=int(wait)))

    async def _asked(self, script: str, keys: Sequence[str], quota: Quota, *more: int) -> Any:
        """What the script says; None when Redis does not answer."""
        if monotonic() < self._away_until:
            return None
        refill = round(quota.refill.total_seconds() * 1_000_000)
        try:
            return await self.redis.eval(script, len(keys), *(PREFIX + key for key in keys), quota.burst, refill, *more)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = monotonic() + PAUSE_SECONDS
            _log.warning("rate_limiter_without_redis", reason=type(error).__name__, again_in_s=PAUSE_SECONDS)
            return None


def connect(url: str) -> Redis:
    """A client that gives up soon. Nothing is connected until it is asked."""
    return Redis.from_url(
        url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS, retry_on_timeout=False
    )
