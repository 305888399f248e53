"""One channel's courier: a bulkhead with a budget, a breaker and a backlog of its own (P12).

Sends run side by side. How they ended is recorded together, for as many as gathered since the last record.

Most pages are handed to it by the tick that made and leased them. What waits in the table it leases itself: while there
may be more of it, half of the room is kept for that, so that neither waits for the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog

from adapters.inbound.deadlines.breaker import Breaker
from adapters.inbound.deadlines.loop import LEAST_WAIT, POLL, look_again_and_again, wait_for
from application.notification.lease import Bundle, Leased, Room
from application.notification.send import Sent
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.notifier import Outcome
from application.ports.wakeup import Wakeup
from domain.notification.contact import Channel
from domain.shared.ids import NotificationId

# So many times as many may have been sent and wait for their record, which keeps no connection of the channel's busy.
UNRECORDED: Final = 4
# After a record what is sent gathers for the next: many small ones would take the processor from what is to be sent.
GATHER: Final = timedelta(milliseconds=20)

_log = structlog.get_logger()


@dataclass(slots=True)
class Courier:
    channel: Channel
    lease: Callable[[Channel, int], Awaitable[tuple[Bundle, ...]]]
    send: Callable[[Bundle], Awaitable[tuple[Sent, ...]]]
    settle: Callable[[Sequence[Sent]], Awaitable[Set[NotificationId]]]
    earliest: Callable[[Channel], Awaitable[datetime | None]]
    observe: Callable[[Channel, Outcome, timedelta], None]  # how an attempt ended, and how long its message waited
    wakeup: Wakeup
    clock: Clock
    budget: int  # messages that are leased or sent at once, in one process
    breaker: Breaker = field(default_factory=Breaker)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)
    _sent: list[tuple[Sent, ...]] = field(default_factory=list)
    _settling: asyncio.Task[None] | None = None
    _unsent: int = 0  # leased, or reserved for what is just being leased
    _unrecorded: int = 0
    _is_behind: bool = False  # there may be more in the table than was leased last
    _is_over: bool = False
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, draining: asyncio.Event) -> None:
        """Until draining is set; what is in hand then is sent and recorded first."""
        await look_again_and_again(self._look, draining, failed="courier_failed", channel=self.channel)
        while self._unsent + self._unrecorded:
            self._freed.clear()
            await wait_for(self._freed, POLL)
        self._is_over = True
        if self._settling is not None:
            await self._settling

    def reserve(self) -> int:
        """Room for messages that somebody else leases for this courier; whatever it is, `take` gives it back."""
        room = 0 if self._is_over or self.breaker.is_open else self._room()
        if self._is_behind:
            room //= 2
        self._unsent += room
        return room

    def take(self, leased: Sequence[Bundle], *, reserved: int) -> None:
        """Send what was leased for it, which is at most what was reserved."""
        assert len(leased) <= reserved, "nobody leases for others more than they can send"
        self._unsent -= reserved
        self._begin(leased)
        self._freed.set()

    async def _look(self) -> None:
        if not await self._tick():
            await self.wakeup.wait(most=POLL if self.wakeup.is_given else await self._until_next())

    async def _tick(self) -> bool:
        """Lease at most what can be sent at once: what waits in the table can be taken by another courier."""
        free = self._room()
        if free <= 0:
            self._is_behind = True
            self._freed.clear()
            await wait_for(self._freed, POLL)
            return True
        self._unsent += free
        try:
            leased = await self.lease(self.channel, free)
        finally:
            self._unsent -= free
        self._begin(leased)
        self._is_behind = sum(map(len, leased)) >= free
        return self._is_behind

    def _room(self) -> int:
        unrecorded_most = UNRECORDED * self.budget
        wanted = max(0, min(self.budget - self._unsent, unrecorded_most - self._unsent - self._unrecorded))
        return self.breaker.allowed(wanted, now=monotonic())

    def _begin(self, leased: Sequence[Bundle]) -> None:
        self._unsent += len(leased)
        for bundle in leased:
            task = asyncio.create_task(self._send(bundle))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, bundle: Bundle) -> None:
        started_at = self.clock.now()
        try:
            sent = await self.send(bundle)
        except Exception as error:  # noqa: BLE001  # whatever it is, the lease runs out, and the next attempt says so
            first = str(bundle[0].notification.id)
            _log.exception("send_failed", channel=self.channel, notification_id=first, exc_info=error)
            self._sent_one()
            return
        self._sent_one()
        self._unrecorded += 1
        self._judge_channel({each.delivery.outcome for each in sent})
        for each in sent:
            self.observe(self.channel, each.delivery.outcome, started_at - each.due.notification.created_at)
        self._sent.append(sent)
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle())

    def _judge_channel(self, outcomes: Set[Outcome]) -> None:
        """One message is one word about the channel, however many pages it spoke for."""
        if outcomes & {Outcome.RETRY, Outcome.UNKNOWN}:
            self.breaker.failed(now=monotonic())
        elif outcomes & {Outcome.DELIVERED, Outcome.REJECTED}:
            self.breaker.succeeded()

    async def _settle(self) -> None:
        """Record what has gathered, again and again until nothing has."""
        while self._sent:
            batch, self._sent = self._sent, []
            await self._record([sent for message in batch for sent in message])
            self._unrecorded -= len(batch)
            self._freed.set()
            await asyncio.sleep(GATHER.total_seconds())
        self._settling = None

    async def _record(self, batch: Sequence[Sent]) -> None:
        """What cannot be recorded stays leased, and the next attempt says that it may be a repeat."""
        try:
            await self.settle(batch)
        except PortError as error:
            _log.warning("attempts_not_recorded", channel=self.channel, count=len(batch), reason=str(error))
        except Exception:  # noqa: BLE001  # one record's fault must not make repeats of its neighbours
            if len(batch) == 1:
                _log.exception("attempt_not_recorded", notification_id=str(batch[0].due.notification.id))
                return
            for sent in batch:
                await self._record((sent,))

    def _sent_one(self) -> None:
        self._unsent -= 1
        self._freed.set()

    async def _until_next(self) -> timedelta:
        earliest = await self.earliest(self.channel)
        if earliest is None:
            return POLL
        return max(LEAST_WAIT, min(POLL, earliest - self.clock.now()))


@dataclass(slots=True)
class Hands:
    """What couriers of this process have room for, and what was leased for them."""

    room: Room
    leased: Leased = field(default_factory=dict)


@contextmanager
def handing_over(couriers: Mapping[Channel, Courier]) -> Iterator[Hands]:
    """Reserve their room, and let them take what was leased: nothing, when this is left by an error.

    What was leased all the same, by a commit whose answer was lost, some courier sends when its lease has run out.
    """
    hands = Hands({channel: room for channel, courier in couriers.items() if (room := courier.reserve())})
    reserved = dict(hands.room)
    try:
        yield hands
    finally:
        for channel, room in reserved.items():
            couriers[channel].take(hands.leased.get(channel, ()), reserved=room)
