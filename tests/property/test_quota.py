"""GCRA for all rates and all askers: no window of time lets through more than the burst and what fell into it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.intake.allowances import BLOCK_PART, Allowances
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.system.clock import ManualClock
from application.errors import RateLimitedError
from application.ports.rate_limiter import Granted
from domain.service.integration import IntakeLimits
from domain.shared.quota import Quota, take
from tests.support.builders import an_integration

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

quotas = st.builds(
    Quota,
    burst=st.integers(1, 50),
    refill=st.integers(1, 10_000_000).map(lambda microseconds: timedelta(microseconds=microseconds)),
)


class Ask(NamedTuple):
    after: timedelta  # the one before
    least: int
    most: int


def asks(quota: Quota) -> st.SearchStrategy[list[Ask]]:
    pauses = st.integers(0, 3 * quota.burst).flatmap(
        lambda n: st.sampled_from((n * quota.refill, quota.refill * n / 7))
    )
    amounts = st.integers(1, quota.burst)
    ask = st.builds(lambda after, one, more: Ask(after, one, one + more), pauses, amounts, st.integers(0, 60))
    return st.lists(ask, max_size=25)


@given(st.data())
def test_no_window_lets_through_more_than_the_burst_and_what_fell_into_it(data: st.DataObject) -> None:
    quota = data.draw(quotas)
    at, full_at, granted = NOON, None, list[tuple[datetime, int]]()
    for ask in data.draw(asks(quota)):
        at += ask.after
        taken = take(full_at, quota=quota, now=at, least=ask.least, most=ask.most)
        assert taken.tokens == 0 or ask.least <= taken.tokens <= ask.most
        full_at = taken.full_at
        granted.append((at, taken.tokens))

    for first, last in combinations_with_replacement(range(len(granted)), 2):
        window = granted[last][0] - granted[first][0]
        assert sum(count for _, count in granted[first : last + 1]) <= quota.burst + window // quota.refill + 1


@given(st.data())
def test_whoever_waits_as_long_as_told_is_served_and_not_an_instant_before(data: st.DataObject) -> None:
    quota = data.draw(quotas)
    full_at = take(None, quota=quota, now=NOON, most=quota.burst).full_at
    least = data.draw(st.integers(1, quota.burst))
    refused = take(full_at, quota=quota, now=NOON, least=least, most=least)
    assert (refused.tokens, refused.full_at) == (0, full_at)

    later = NOON + refused.wait
    assert take(full_at, quota=quota, now=later, least=least, most=least).tokens == least
    assert take(full_at, quota=quota, now=later - timedelta.resolution, least=least, most=least).tokens == 0


@given(quotas)
def test_a_bucket_that_nobody_asked_is_full(quota: Quota) -> None:
    assert take(None, quota=quota, now=NOON, most=quota.burst + 1).tokens == quota.burst
    assert take(NOON, quota=quota, now=NOON, most=quota.burst + 1).tokens == quota.burst


@given(
    events=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 900), st.integers(0, 30)), max_size=60),
    burst=st.integers(1, 60),
    per_minute=st.integers(1, 6_000),
)
async def test_processes_with_blocks_in_hand_pass_the_limit_by_a_block_each_at_most(
    events: Sequence[tuple[int, int, int]], burst: int, per_minute: int
) -> None:
    clock = ManualClock(NOON)
    shared = MemoryRateLimiter(clock)
    limits = IntakeLimits(events_per_minute=per_minute, event_burst=burst, open_alerts=1)
    processes = [
        Allowances(shared, limits, in_blocks=True, elapsed_seconds=lambda: clock.now().timestamp()) for _ in range(3)
    ]
    admitted = list[tuple[datetime, int]]()
    for process, milliseconds, count in events:
        clock.move_to(clock.now() + timedelta(milliseconds=milliseconds))
        with suppress(RateLimitedError):
            await processes[process].spend(an_integration(), count)
            admitted.append((clock.now(), max(1, min(count, burst))))

    refill, in_hand = Quota.per_minute(per_minute, burst=burst).refill, 3 * (burst // BLOCK_PART)
    for first, last in combinations_with_replacement(range(len(admitted)), 2):
        fell = (admitted[last][0] - admitted[first][0]) // refill + 1
        assert sum(count for _, count in admitted[first : last + 1]) <= burst + fell + in_hand


async def test_a_body_of_more_than_the_burst_costs_the_burst_and_passes_when_the_bucket_is_full() -> None:
    clock = ManualClock(NOON)
    allowances = Allowances(
        MemoryRateLimiter(clock), IntakeLimits(events_per_minute=60, event_burst=10, open_alerts=1), in_blocks=False
    )
    await allowances.spend(an_integration(), 500)

    with pytest.raises(RateLimitedError) as refused:
        await allowances.spend(an_integration(), 1)

    assert refused.value.retry_after == timedelta(seconds=1)


class Counted(MemoryRateLimiter):
    asked = 0

    async def take(self, key: str, *, quota: Quota, least: int = 1, most: int = 1) -> Granted:
        self.asked += 1
        return await super().take(key, quota=quota, least=least, most=most)


async def test_one_event_in_a_block_pays_the_round_trip_and_a_storm_of_refusals_pays_none() -> None:
    limiter = Counted(ManualClock(NOON))
    allowances = Allowances(
        limiter, IntakeLimits(events_per_minute=60, event_burst=1_000, open_alerts=1), in_blocks=True
    )
    for _ in range(1_000):
        await allowances.spend(an_integration(), 1)
    assert limiter.asked == BLOCK_PART

    for _ in range(100):
        with pytest.raises(RateLimitedError):
            await allowances.spend(an_integration(), 1)
    assert limiter.asked == BLOCK_PART + 1
