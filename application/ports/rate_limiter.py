from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A bucket of `burst` tries, into which one more falls after every `refill`."""

    burst: int
    refill: timedelta


class RateLimiter(Protocol):
    """How often something may be tried, whichever process is asked."""

    @abstractmethod
    async def spend(self, keys: Sequence[str], *, quota: Quota) -> None:
        """Take a try of every key, or of none. Raises `RateLimitedError` when one has none left.

        It never fails for a fault of its storage: each process counts for itself then.
        """
