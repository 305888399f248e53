"""One suite for every rate limiter."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.redis.rate_limiter import RedisRateLimiter, connect
from adapters.outbound.system.clock import ManualClock, SystemClock
from application.errors import RateLimitedError
from application.ports.rate_limiter import Granted, RateLimiter
from domain.shared.quota import Quota

SLOW = Quota(burst=3, refill=timedelta(hours=1))
QUICK = Quota(burst=1, refill=timedelta(milliseconds=500))


class NeverAsked(RateLimiter):
    async def spend(self, keys: object, *, quota: Quota) -> None:
        raise AssertionError("Redis should have answered")

    async def take(self, key: str, *, quota: Quota, least: int = 1, most: int = 1) -> Granted:
        raise AssertionError("Redis should have answered")


@asynccontextmanager
async def over_redis(url: str) -> AsyncIterator[RedisRateLimiter]:
    redis = connect(url)
    yield RedisRateLimiter(redis, NeverAsked())
    await redis.aclose()


@pytest.fixture(params=["memory", "redis"])
async def limiter(request: pytest.FixtureRequest, clean_valkey: str) -> AsyncIterator[RateLimiter]:
    if request.param == "memory":
        yield MemoryRateLimiter(SystemClock())
        return
    async with over_redis(clean_valkey) as limiter:
        yield limiter


async def test_a_bucket_holds_its_burst_and_no_more(limiter: RateLimiter) -> None:
    for _ in range(3):
        await limiter.spend(["a"], quota=SLOW)
    with pytest.raises(RateLimitedError) as refused:
        await limiter.spend(["a"], quota=SLOW)
    assert timedelta(minutes=59) < refused.value.retry_after <= timedelta(hours=1)


async def test_keys_have_buckets_of_their_own(limiter: RateLimiter) -> None:
    for _ in range(3):
        await limiter.spend(["a"], quota=SLOW)
    await limiter.spend(["b"], quota=SLOW)


async def test_a_try_is_taken_of_every_key_or_of_none(limiter: RateLimiter) -> None:
    for _ in range(3):
        await limiter.spend(["empty"], quota=SLOW)
    for _ in range(5):
        with pytest.raises(RateLimitedError):
            await limiter.spend(["other", "empty"], quota=SLOW)
    for _ in range(3):
        await limiter.spend(["other"], quota=SLOW)


async def test_a_bucket_fills_again(limiter: RateLimiter) -> None:
    await limiter.spend(["a"], quota=QUICK)
    with pytest.raises(RateLimitedError) as refused:
        await limiter.spend(["a"], quota=QUICK)
    await asyncio.sleep(refused.value.retry_after.total_seconds() + 0.01)
    await limiter.spend(["a"], quota=QUICK)


async def test_as_many_are_taken_as_there_are(limiter: RateLimiter) -> None:
    assert await limiter.take("a", quota=SLOW, most=2) == Granted(2)
    assert await limiter.take("a", quota=SLOW, most=2) == Granted(1)


async def test_fewer_than_the_least_are_left_where_they_are(limiter: RateLimiter) -> None:
    await limiter.take("a", quota=SLOW, most=2)

    refused = await limiter.take("a", quota=SLOW, least=2, most=3)

    assert refused.tokens == 0
    assert timedelta(minutes=59) < refused.wait <= timedelta(hours=1)  # for the one that is missing
    assert await limiter.take("a", quota=SLOW) == Granted(1)


async def test_what_is_spent_and_what_is_taken_come_from_one_bucket(limiter: RateLimiter) -> None:
    await limiter.take("a", quota=SLOW, most=3)
    with pytest.raises(RateLimitedError):
        await limiter.spend(["a"], quota=SLOW)


async def test_after_the_wait_there_are_enough(limiter: RateLimiter) -> None:
    quick = Quota(burst=4, refill=timedelta(milliseconds=100))
    await limiter.take("a", quota=quick, most=4)
    refused = await limiter.take("a", quota=quick, least=3, most=4)
    await asyncio.sleep(refused.wait.total_seconds() + 0.01)
    assert (await limiter.take("a", quota=quick, least=3, most=4)).tokens >= 3


async def test_without_redis_each_process_counts_for_itself() -> None:
    redis = connect("unix:///nowhere/at/all")
    limiter = RedisRateLimiter(redis, MemoryRateLimiter(ManualClock(datetime(2026, 11, 23, tzinfo=UTC))))
    for _ in range(3):
        await limiter.spend(["a"], quota=SLOW)
    with pytest.raises(RateLimitedError):
        await limiter.spend(["a"], quota=SLOW)
    await redis.aclose()
