"""Brings events to subscriptions: a cap for each, and a breaker for each destination, so that none delays another."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched, groupby
from time import monotonic
from typing import Final

import structlog

from adapters.inbound.deadlines.breaker import Breaker
from adapters.inbound.deadlines.loop import LEAST_WAIT, POLL, look_again_and_again, wait_for
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.event_deliveries import LeasedDelivery
from application.ports.wakeup import Wakeup
from application.subscription.lease_events import EACH
from application.subscription.send_events import Sent
from domain.shared.ids import SubscriptionId
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import Subscription, SubscriptionKind

# Events that are leased, sent or recorded at once, in one process.
BUDGET: Final = 64

_log = structlog.get_logger()


@dataclass(slots=True)
class EventCourier:
    lease: Callable[[int, Collection[SubscriptionId]], Awaitable[tuple[LeasedDelivery, ...]]]
    send: Callable[[Sequence[LeasedDelivery]], Awaitable[tuple[Sent, ...]]]
    settle: Callable[[Sequence[Sent]], Awaitable[int]]
    earliest: Callable[[], Awaitable[datetime | None]]
    most: Callable[[SubscriptionKind], int]  # how many of a kind one call takes
    observe: Callable[[SubscriptionKind, Verdict], None]
    wakeup: Wakeup
    clock: Clock
    budget: int = BUDGET
    _in_hand: Counter[SubscriptionId] = field(default_factory=Counter)
    _hosts: dict[SubscriptionId, str] = field(default_factory=dict)
    _breakers: defaultdict[str, Breaker] = field(default_factory=lambda: defaultdict(Breaker))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, draining: asyncio.Event) -> None:
        """Until draining is set; what is in hand then is sent and recorded first."""
        await look_again_and_again(self._look, draining, failed="event_courier_failed")
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _look(self) -> None:
        if not await self._tick():
            await self.wakeup.wait(most=await self._until_next())

    async def _tick(self) -> bool:
        free = self.budget - self._in_hand.total()
        if free <= 0:
            self._freed.clear()
            await wait_for(self._freed, POLL)
            return True
        leased = await self.lease(free, self._without())
        for batch in self._batches(leased):
            self._in_hand[batch[0].subscription.id] += len(batch)
            task = asyncio.create_task(self._deliver(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(leased) >= free

    def _without(self) -> frozenset[SubscriptionId]:
        """Those that have enough under way, or whose destination does not answer."""
        now = monotonic()
        full = {each for each, count in self._in_hand.items() if count >= EACH}
        return frozenset(full | {each for each in self._hosts if self._is_shut(each, now)})

    def _is_shut(self, subscription_id: SubscriptionId, now: float) -> bool:
        breaker = self._breakers.get(self._hosts[subscription_id])
        if breaker is None or not breaker.is_open:
            return False
        return not breaker.allowed(1, now=now) or self._in_hand[subscription_id] > 0

    def _batches(self, leased: Sequence[LeasedDelivery]) -> Iterator[tuple[LeasedDelivery, ...]]:
        for subscription_id, group in groupby(leased, key=lambda each: each.subscription.id):
            deliveries = tuple(group)
            subscription = deliveries[0].subscription
            self._hosts[subscription_id] = subscription.host
            yield from batched(deliveries, self.most(subscription.kind))

    async def _deliver(self, batch: Sequence[LeasedDelivery]) -> None:
        subscription = batch[0].subscription
        try:
            sent = await self.send(batch)
            self._judge(subscription, sent)
            if sent:
                await self.settle(sent)
        except PortError as error:  # the leases run out, and the next attempts say so
            _log.warning("event_deliveries_not_recorded", subscription_id=str(subscription.id), reason=str(error))
        except Exception:  # noqa: BLE001  # likewise
            _log.exception("event_delivery_failed", subscription_id=str(subscription.id))
        finally:
            self._in_hand[subscription.id] -= len(batch)
            if not self._in_hand[subscription.id]:
                del self._in_hand[subscription.id]
            self._freed.set()

    def _judge(self, subscription: Subscription, sent: Sequence[Sent]) -> None:
        for each in sent:
            self.observe(subscription.kind, each.attempt.verdict)
        breaker = self._breakers[subscription.host]
        if any(each.attempt.verdict is Verdict.DELIVERED for each in sent):
            breaker.succeeded()
        elif sent:
            breaker.failed(now=monotonic())

    async def _until_next(self) -> timedelta:
        earliest = await self.earliest()
        if earliest is None or self._without():  # what is due may be what is left out
            return POLL
        return max(LEAST_WAIT, min(POLL, earliest - self.clock.now()))
