"""Time as an inbound adapter: it asks a use case to act on what is due, again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.wakeup import Wakeup

# The truth when every hint is lost.
POLL: Final = timedelta(seconds=1)
# What is due but held by another worker is not worth a busy loop.
LEAST_WAIT: Final = timedelta(milliseconds=20)
LONGEST_BACKOFF: Final = timedelta(seconds=5)

_log = structlog.get_logger()


class Unhinted(Wakeup):
    """For deadlines that lie further ahead than a poll: the next look finds them before they are due."""

    async def wait(self, *, most: timedelta) -> None:
        await asyncio.sleep(most.total_seconds())


@dataclass(frozen=True, slots=True)
class DeadlineLoop:
    """Ticks while there is something due, then sleeps until the earliest deadline, a hint, or the next poll."""

    name: str
    tick: Callable[[], Awaitable[bool]]  # whether there may be more due at once
    earliest: Callable[[], Awaitable[datetime | None]]
    wakeup: Wakeup
    clock: Clock

    async def run(self, draining: asyncio.Event) -> None:
        """Until draining is set. Storage that is away is waited for."""
        await look_again_and_again(self._look, draining, failed="tick_failed", loop=self.name)

    async def _look(self) -> None:
        if not await self.tick():
            await self.wakeup.wait(most=POLL if self.wakeup.is_given else await self._until_next())

    async def _until_next(self) -> timedelta:
        earliest = await self.earliest()
        if earliest is None:
            return POLL
        return max(LEAST_WAIT, min(POLL, earliest - self.clock.now()))


async def look_again_and_again(
    look: Callable[[], Awaitable[None]], draining: asyncio.Event, *, failed: str, **said: str
) -> None:
    """Until draining is set. What fails is logged by that name, and looked at again, ever later while it goes on."""
    failures = 0
    while not draining.is_set():
        try:
            await look()
            failures = 0
        except PortError as error:
            failures += 1
            _log.warning(failed, **said, reason=str(error))
            await wait_for(draining, backoff(failures))
        except Exception:  # noqa: BLE001  # a bug at one thing must not end the loop that all the others wait for
            failures += 1
            _log.exception(failed, **said)
            await wait_for(draining, backoff(failures))


def backoff(failures: int) -> timedelta:
    return min(LEAST_WAIT * (1 << min(failures, 10)), LONGEST_BACKOFF)


async def every(
    interval: timedelta, act: Callable[[], Awaitable[object]], draining: asyncio.Event, *, name: str
) -> None:
    """Act now and after each interval, until draining is set. A failure is logged, and tried again next time."""
    while not draining.is_set():
        try:
            await act()
        except PortError as error:
            _log.warning("upkeep_failed", task=name, reason=str(error))
        except Exception:  # noqa: BLE001  # upkeep that fails must not end the process that pages
            _log.exception("upkeep_failed", task=name)
        await wait_for(draining, interval)


async def wait_for(event: asyncio.Event, most: timedelta) -> None:
    """Return when the event is set, or after `most`."""
    try:
        async with asyncio.timeout(most.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
