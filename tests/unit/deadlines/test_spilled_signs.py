"""While something may wait in the spill nothing is missed, and not for ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from adapters.inbound.deadlines.loop import DeadlineLoop, Unhinted
from adapters.inbound.deadlines.spilled_signs import FORGOTTEN_AFTER, MOST, SpilledSigns
from adapters.outbound.memory.spill import MemorySpill
from adapters.outbound.system.clock import ManualClock
from application.ports.heartbeats import ReceivedPing
from domain.heartbeat.heartbeat import PingKind
from tests.support.builders import NOON

SECOND = timedelta(seconds=1)
PING = ReceivedPing(b"k" * 32, PingKind.SUCCESS, NOON)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    with capture_logs():
        yield


async def asked_until(signs: SpilledSigns, clock: ManualClock, end: timedelta) -> list[bool]:
    """As often as a worker asks about what is due."""
    answers = []
    while clock.now() < NOON + end:
        answers.append(await signs.may_wait())
        clock.move_to(clock.now() + 30 * SECOND)
    return answers


async def test_while_the_spill_holds_something_a_sign_may_wait_there(clock: ManualClock) -> None:
    spill = MemorySpill(pings=[PING])
    signs = SpilledSigns(spill, clock)

    assert await signs.may_wait()
    spill.pings.clear()
    assert not await signs.may_wait()


async def test_what_nobody_empties_holds_nothing_back_for_ever(clock: ManualClock) -> None:
    signs = SpilledSigns(MemorySpill(pings=[PING]), clock)
    assert all(await asked_until(signs, clock, MOST))
    assert not any(await asked_until(signs, clock, 3 * MOST))


async def test_a_spill_that_does_not_answer_may_hold_something(clock: ManualClock) -> None:
    signs = SpilledSigns(MemorySpill(is_away=True), clock)
    assert all(await asked_until(signs, clock, MOST))
    assert not await signs.may_wait()


async def test_each_outage_has_its_own_time(clock: ManualClock) -> None:
    signs = SpilledSigns(MemorySpill(pings=[PING]), clock)
    await asked_until(signs, clock, 2 * MOST)
    clock.move_to(clock.now() + FORGOTTEN_AFTER)  # nothing was due meanwhile

    assert await signs.may_wait()


@dataclass
class Missing:
    """A loop that has missed something once its deadline came."""

    clock: ManualClock
    ticks: int = 0
    deadline: datetime | None = NOON + 30 * SECOND

    async def tick(self) -> bool:
        self.ticks += 1
        return False

    async def earliest(self) -> datetime | None:
        return self.deadline

    @property
    def loop(self) -> DeadlineLoop:
        return DeadlineLoop("missing", self.tick, self.earliest, Unhinted(), self.clock)


async def test_a_loop_is_held_back_only_from_what_is_due_and_does_not_spin_meanwhile(clock: ManualClock) -> None:
    spill, missing = MemorySpill(pings=[PING]), Missing(clock)
    held = SpilledSigns(spill, clock).holding_back(missing.loop)

    await held.tick()
    assert (missing.ticks, await held.earliest()) == (1, missing.deadline)
    clock.move_to(NOON + 30 * SECOND)
    assert not await held.tick()
    assert (missing.ticks, await held.earliest()) == (1, None)
    spill.pings.clear()
    await held.tick()
    assert missing.ticks == 2
