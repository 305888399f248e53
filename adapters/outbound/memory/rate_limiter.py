from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from application.errors import RateLimitedError
from application.ports.clock import Clock
from application.ports.rate_limiter import Quota, RateLimiter

_KEYS: Final = 10_000  # a bound on memory; who tried longest ago is forgotten first


class MemoryRateLimiter(RateLimiter):
    """Counts for one process alone: what the service falls back to while Redis is away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, datetime] = OrderedDict()  # when a key's bucket is full again

    async def spend(self, keys: Sequence[str], *, quota: Quota) -> None:
        now = self._clock.now()
        full_at = {key: max(self._full_at.get(key, now), now) + quota.refill for key in keys}
        wait = max(full_at.values()) - now - quota.burst * quota.refill
        if wait > timedelta():
            raise RateLimitedError(wait)
        for key, at in full_at.items():
            self._full_at[key] = at
            self._full_at.move_to_end(key)
        while len(self._full_at) > _KEYS:
            self._full_at.popitem(last=False)
