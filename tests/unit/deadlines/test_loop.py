"""A loop of ticks sleeps until something is due or it is told to look."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.inbound.deadlines.loop import DeadlineLoop
from adapters.outbound.system.clock import ManualClock
from application.ports.wakeup import Wakeup
from tests.support.builders import NOON


@dataclass
class Told(Wakeup):
    """Wakes as often as it was told to, and then ends the loop."""

    draining: asyncio.Event
    hints: int
    waits: list[timedelta] = field(default_factory=list)

    @property
    def is_given(self) -> bool:
        return self.hints > 0

    async def wait(self, *, most: timedelta) -> None:
        self.waits.append(most)
        if not self.hints:
            self.draining.set()
        self.hints -= 1


@dataclass
class Desk:
    hints: int
    ticks: int = 0
    asked: int = 0

    async def tick(self) -> bool:
        self.ticks += 1
        return False

    async def earliest(self) -> datetime | None:
        self.asked += 1
        return NOON + timedelta(milliseconds=300)

    async def run(self) -> list[timedelta]:
        draining = asyncio.Event()
        told = Told(draining, self.hints)
        await DeadlineLoop("desk", self.tick, self.earliest, told, ManualClock(NOON)).run(draining)
        return told.waits


async def test_it_sleeps_until_the_earliest_deadline() -> None:
    assert await Desk(hints=0).run() == [timedelta(milliseconds=300)]


async def test_told_to_look_meanwhile_it_looks_and_asks_for_no_deadline() -> None:
    desk = Desk(hints=2)

    await desk.run()
    assert (desk.ticks, desk.asked) == (3, 1)
