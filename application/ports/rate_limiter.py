from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from domain.shared.quota import Quota


class Granted(NamedTuple):
    """How many of a bucket were given. With 0, `wait` says in how long there will be enough."""

    tokens: int
    wait: timedelta = timedelta()


class RateLimiter(Protocol):
    """How often something may be done, whichever process is asked.

    It never fails for a fault of its storage: each process counts for itself then.
    """

    @abstractmethod
    async def spend(self, keys: Sequence[str], *, quota: Quota) -> None:
        """Take a try of every key, or of none. Raises `RateLimitedError` when one has none left."""

    @abstractmethod
    async def take(self, key: str, *, quota: Quota, least: int = 1, most: int = 1) -> Granted:
        """Take as many as there are, `most` at most, or none when there are fewer than `least`.

        `least` is at most the quota's burst: a full bucket holds no more.
        """
