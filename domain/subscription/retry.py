"""When to try again, and when to give up. Standard Webhooks 1.0, "Deliverability and reliability": with backoff and
jitter over a day, and then no more."""

from datetime import datetime, timedelta
from typing import Final

FIRST_DELAY: Final = timedelta(seconds=5)
GROWTH: Final = 3
LONGEST_DELAY: Final = timedelta(hours=4)
JITTER: Final = 0.2  # of the delay, either way, so that those who failed together do not come back together
GIVE_UP_AFTER: Final = timedelta(hours=24)  # since the first attempt
# Over a weekend somebody looks; a receiver that took nothing for so long has moved or is no longer wanted
SWITCH_OFF_AFTER: Final = timedelta(days=3)
# What a receiver may ask for at once; whoever wants more time can be asked again then
LONGEST_PAUSE: Final = timedelta(hours=1)

_GROWING_ATTEMPTS: Final = 12  # after these the delay has long been the longest


def next_attempt(
    *,
    attempts: int,
    first_at: datetime,
    at: datetime,
    jitter: float,
    retry_after: timedelta | None = None,
) -> datetime | None:
    """When to try again after so many failures, `jitter` being uniform in [0, 1); None: it is given up.

    The last try is exactly when the time is up, so that nothing is given up by a delay that was too long.
    """
    ends_at = first_at + GIVE_UP_AFTER
    if at >= ends_at:
        return None
    wait = delay(attempts) * (1 - JITTER + 2 * JITTER * jitter)
    return min(at + max(wait, pause(retry_after)), ends_at)


def delay(attempts: int) -> timedelta:
    """Before jitter: 5 s after the first failure, three times as long after each one more, 4 hours at the most."""
    growth: int = GROWTH ** min(attempts - 1, _GROWING_ATTEMPTS)
    return min(FIRST_DELAY * growth, LONGEST_DELAY)


def pause(retry_after: timedelta | None) -> timedelta:
    """How long a receiver that asked for it is left alone."""
    return max(timedelta(0), min(retry_after or timedelta(0), LONGEST_PAUSE))


def must_be_switched_off(*, failing_since: datetime | None, at: datetime) -> bool:
    return failing_since is not None and at - failing_since >= SWITCH_OFF_AFTER
