"""One channel's courier: a bulkhead with a budget, a breaker and a backlog of its own (P12)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog

from adapters.inbound.deadlines.breaker import Breaker
from adapters.inbound.deadlines.loop import LEAST_WAIT, POLL, backoff, wait_for
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.notifications import DueNotification
from application.ports.notifier import Outcome
from application.ports.wakeup import Wakeup
from domain.notification.contact import Channel

# Sends of one channel under way at once, in one process.
BUDGET: Final = 16

_log = structlog.get_logger()


@dataclass(slots=True)
class Courier:
    channel: Channel
    lease: Callable[[Channel, int], Awaitable[tuple[DueNotification, ...]]]
    deliver: Callable[[DueNotification], Awaitable[Outcome | None]]
    earliest: Callable[[Channel], Awaitable[datetime | None]]
    observe: Callable[[Channel, Outcome, timedelta], None]  # how an attempt ended, and how late it was
    wakeup: Wakeup
    clock: Clock
    budget: int = BUDGET
    breaker: Breaker = field(default_factory=Breaker)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, draining: asyncio.Event) -> None:
        """Until draining is set; what is being sent then is finished first."""
        failures = 0
        while not draining.is_set():
            try:
                if not await self._tick():
                    await self.wakeup.wait(most=await self._until_next())
                failures = 0
            except PortError as error:
                failures += 1
                _log.warning("courier_failed", channel=self.channel, reason=str(error))
                await wait_for(draining, backoff(failures))
            except Exception:  # noqa: BLE001  # a bug at one message must not silence the channel
                failures += 1
                _log.exception("courier_failed", channel=self.channel)
                await wait_for(draining, backoff(failures))
        if self._sending:
            await asyncio.wait(self._sending)

    async def _tick(self) -> bool:
        """Lease at most what can be sent at once: what waits in the table can be taken by another courier."""
        free = self.breaker.allowed(self.budget - len(self._sending), now=monotonic())
        if free <= 0:
            self._freed.clear()
            await wait_for(self._freed, POLL)
            return True
        due = await self.lease(self.channel, free)
        for each in due:
            task = asyncio.create_task(self._send(each))
            self._sending.add(task)
            task.add_done_callback(self._finished)
        return len(due) == free

    async def _send(self, due: DueNotification) -> None:
        late = self.clock.now() - due.notification.created_at
        try:
            outcome = await self.deliver(due)
        except PortError as error:
            # The lease runs out, and another attempt will say that it may be a repeat.
            _log.warning("delivery_not_recorded", notification_id=str(due.notification.id), reason=str(error))
            return
        match outcome:
            case Outcome.RETRY | Outcome.UNKNOWN:
                self.breaker.failed(now=monotonic())
            case Outcome.DELIVERED | Outcome.REJECTED:
                self.breaker.succeeded()
        if outcome is not None:
            self.observe(self.channel, outcome, late)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._freed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("delivery_failed", channel=self.channel, exc_info=error)

    async def _until_next(self) -> timedelta:
        earliest = await self.earliest(self.channel)
        if earliest is None:
            return POLL
        return max(LEAST_WAIT, min(POLL, earliest - self.clock.now()))
