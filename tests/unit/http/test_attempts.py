"""A guesser gets few tries, and nobody is locked out for long."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.inbound.http.attempts import QUOTA, AttemptLimiter
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.system.clock import ManualClock
from application.errors import RateLimitedError

START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


async def spend_all(limiter: AttemptLimiter, *keys: str) -> None:
    for _ in range(QUOTA.burst):
        await limiter.spend(*keys)


async def test_after_the_burst_it_says_when_the_next_try_is(clock: ManualClock) -> None:
    limiter = AttemptLimiter(MemoryRateLimiter(clock))
    await spend_all(limiter, "a")
    with pytest.raises(RateLimitedError) as refused:
        await limiter.spend("a")
    assert refused.value.retry_after == QUOTA.refill
    clock.move_to(START + QUOTA.refill)
    await limiter.spend("a")
    with pytest.raises(RateLimitedError):
        await limiter.spend("a")


async def test_a_refused_try_costs_nothing(clock: ManualClock) -> None:
    limiter = AttemptLimiter(MemoryRateLimiter(clock))
    await spend_all(limiter, "a")
    for _ in range(100):
        with pytest.raises(RateLimitedError):
            await limiter.spend("a", "b")
    await spend_all(limiter, "b")
    clock.move_to(START + QUOTA.refill)
    await limiter.spend("a")


async def test_an_account_is_guarded_from_many_addresses(clock: ManualClock) -> None:
    limiter = AttemptLimiter(MemoryRateLimiter(clock))
    for number in range(QUOTA.burst):
        await limiter.spend(f"address {number}", "account")
    with pytest.raises(RateLimitedError):
        await limiter.spend("a new address", "account")
    await limiter.spend("a new address", "another account")


async def test_a_pause_fills_the_bucket_and_not_more(clock: ManualClock) -> None:
    limiter = AttemptLimiter(MemoryRateLimiter(clock))
    await spend_all(limiter, "a")
    clock.move_to(START + timedelta(days=1))
    await spend_all(limiter, "a")
    with pytest.raises(RateLimitedError):
        await limiter.spend("a")


async def test_memory_is_bounded_by_forgetting_the_longest_ago(clock: ManualClock) -> None:
    limiter = AttemptLimiter(MemoryRateLimiter(clock))
    await spend_all(limiter, "first")
    for number in range(10_000):
        await limiter.spend(f"{number}")
    await limiter.spend("first")
    await spend_all(limiter, "last")
    for number in range(9_000):
        await limiter.spend(f"{number}")
    with pytest.raises(RateLimitedError):
        await limiter.spend("last")


async def test_whoever_keeps_trying_is_not_forgotten(clock: ManualClock) -> None:
    limiter = AttemptLimiter(MemoryRateLimiter(clock))
    await limiter.spend("guesser")
    for number in range(9_999):
        await limiter.spend(f"{number}")
    for _ in range(QUOTA.burst - 1):
        await limiter.spend("guesser")
    for number in range(5_000):
        await limiter.spend(f"another {number}")
    with pytest.raises(RateLimitedError):
        await limiter.spend("guesser")
