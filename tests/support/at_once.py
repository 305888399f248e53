"""Several processes over one database, and a way to let them meet."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from dishka import AsyncContainer

from adapters.outbound.system.clock import ManualClock
from tests.support.builders import NOON
from tests.support.world import Gate, Point, WorldNotifiers, core_container, over_postgres

SOON = 0.15  # seconds in which something that waits for nobody is done


class Turnstile(Gate):
    """Stops whoever is about to commit, until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def at(self, point: Point) -> None:
        if point is Point.BEFORE_COMMIT:
            self.reached.set()
            await self.opened.wait()


@asynccontextmanager
async def containers_over(dsn: str) -> AsyncIterator[Callable[[Gate], AsyncContainer]]:
    """Makes a process's container behind a gate, each with a clock of its own at noon; all are closed at the end."""
    async with AsyncExitStack() as stack:
        seeds = iter(range(1, 100))

        def make(gate: Gate) -> AsyncContainer:
            clock = ManualClock(NOON)
            notifiers = WorldNotifiers(clock, gate)
            container = core_container(
                over_postgres(dsn), clock=clock, notifiers=notifiers, gate=gate, seed=next(seeds)
            )
            stack.push_async_callback(container.close)
            return container

        yield make
