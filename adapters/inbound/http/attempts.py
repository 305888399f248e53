"""How often one address, or one account, may try a secret.

Kept by each process for itself: with several, a guesser has as many times the tries, which is still far too few, and
nobody is locked out because a cache is away.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from application.errors import RateLimitedError
from application.ports.clock import Clock

BURST: Final = 10
REFILL: Final = timedelta(seconds=6)  # one more try: ten a minute
_KEYS: Final = 10_000  # a bound on memory; who tried longest ago is forgotten first


class AttemptLimiter:
    """A bucket of tries for each key, refilled evenly. One a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, datetime] = OrderedDict()  # when a key's bucket is full again

    def spend(self, *keys: str) -> None:
        """Take a try of every key, or of none. Raises `RateLimitedError` when one has none left."""
        now = self._clock.now()
        full_at = {key: max(self._full_at.get(key, now), now) + REFILL for key in keys}
        wait = max(full_at.values()) - now - BURST * REFILL
        if wait > timedelta():
            raise RateLimitedError(wait)
        for key, at in full_at.items():
            self._full_at[key] = at
            self._full_at.move_to_end(key)
        while len(self._full_at) > _KEYS:
            self._full_at.popitem(last=False)
