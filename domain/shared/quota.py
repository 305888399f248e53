"""How often something may happen: GCRA, the generic cell rate algorithm (ITU-T I.371, annex A).

A bucket holds `burst` and one more falls into it after every `refill`. All that is remembered of it is one instant, at
which it is full again; so a bucket that nobody has asked for a while needs no memory at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

_MINUTE_MICROSECONDS = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A bucket of `burst`, into which one more falls after every `refill`."""

    burst: int
    refill: timedelta

    @classmethod
    def per_minute(cls, count: int, *, burst: int) -> Self:
        """Never more than `count` a minute in the long run: what does not divide evenly is rounded down."""
        return cls(burst=burst, refill=timedelta(microseconds=-(-_MINUTE_MICROSECONDS // count)))


class Taken(NamedTuple):
    """What a bucket gave. With 0 tokens, `wait` says in how long it will have enough."""

    tokens: int
    full_at: datetime
    wait: timedelta = timedelta()


def take(full_at: datetime | None, *, quota: Quota, now: datetime, least: int = 1, most: int = 1) -> Taken:
    """Take as many as there are, `most` at most, or none when there are fewer than `least`. None: nobody asked yet."""
    assert 1 <= least <= most
    assert least <= quota.burst, "a full bucket never holds so many"
    full_at = now if full_at is None else max(full_at, now)
    there_are = (now + quota.burst * quota.refill - full_at) // quota.refill
    if there_are < least:
        return Taken(0, full_at, full_at + least * quota.refill - now - quota.burst * quota.refill)
    count = min(there_are, most)
    return Taken(count, full_at + count * quota.refill)
