from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from application.errors import RateLimitedError
from application.ports.clock import Clock
from application.ports.rate_limiter import Granted, RateLimiter
from domain.shared import quota as buckets
from domain.shared.quota import Quota, Taken

_KEYS: Final = 10_000  # a bound on memory; who tried longest ago is forgotten first


class MemoryRateLimiter(RateLimiter):
    """Counts for one process alone: what the service falls back to while Redis is away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, datetime] = OrderedDict()  # when a key's bucket is full again

    async def spend(self, keys: Sequence[str], *, quota: Quota) -> None:
        now = self._clock.now()
        taken = {key: buckets.take(self._full_at.get(key), quota=quota, now=now) for key in keys}
        wait = max(each.wait for each in taken.values())
        if wait > timedelta():
            raise RateLimitedError(wait)
        for key, each in taken.items():
            self._remember(key, each)

    async def take(self, key: str, *, quota: Quota, least: int = 1, most: int = 1) -> Granted:
        taken = buckets.take(self._full_at.get(key), quota=quota, now=self._clock.now(), least=least, most=most)
        if taken.tokens:
            self._remember(key, taken)
        return Granted(taken.tokens, taken.wait)

    def _remember(self, key: str, taken: Taken) -> None:
        self._full_at[key] = taken.full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > _KEYS:
            self._full_at.popitem(last=False)
