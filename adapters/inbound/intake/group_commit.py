"""Concurrent requests share a commit: what gathers while one write is in flight is the next write.

A lone event waits for nothing, and a storm costs commits, not transactions per event. `Pace` says when single events
are worth a write: many small ones would take the processor from the workers that page.

Integrations take turns, body by body, so one of them that storms gets no more of a write than its turn while others
wait. It may fill neither the queue nor all writers: what waits of it is bounded, and one writer at least has none of it
in hand, whatever its rows are locked by. Long bodies share their writes with long ones alone, so that a single event is
not answered with the hundred of somebody else.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence, Set
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import structlog

from adapters.inbound.intake.pace import WORTH_A_WRITE, Pace
from adapters.inbound.intake.together import Asked, write_together
from application.alert.routed import ReceivedEvent
from application.ports.errors import TransientPortError
from application.ports.spill import Spill
from domain.shared.ids import IntegrationId
from domain.shared.limits import INGEST_BATCH

# Writes in flight at once: while some wait for the database, the next batch is prepared. Of long bodies three leave a
# tenth of a core idle; of short ones as many as five are seldom worth it (`Pace`).
WRITERS: Final = 5
# Events that may wait. A few seconds' worth: more would be answered after their senders had given up.
BACKLOG: Final = 20_000
# And so many of one integration, which leaves room for others; a longer body passes when nothing else of it waits.
BACKLOG_EACH: Final = 5_000
# Events of a body that is long. Beginning with so many, one transaction for it alone costs an event no more than a
# shared one does (measures.md 2.2: batches of 100 to 500 are equally fast); a short one costs mostly its commit.
LONG: Final = 50

# So many events are enough for a write of short bodies. Senders that are answered together send together again: with
# all of them in one write, the database would wait while this process reads what they send, and this process while the
# database stores it.
ENOUGH_FOR_A_WRITE: Final = 48

# How often it is looked whether the spill holds anything, while it did not and while it did.
SPILL_LOOKS_SECONDS: Final = (5.0, 0.5)
# A queue counts its messages only approximately: so long after the last one, it is believed that there are none.
SPILL_SETTLES_SECONDS: Final = 2.0

_log = structlog.get_logger()

type Ingest = Callable[[Sequence[ReceivedEvent]], Awaitable[None]]


type _Body = Sequence[ReceivedEvent]  # one at least, and all of one integration
type _Submission = Asked[_Body, None]


@dataclass(slots=True)
class GroupCommit:
    """Hands events to `ingest` in batches. `run` must be running; `store` returns after the commit of its own."""

    ingest: Ingest
    writers: int = WRITERS
    enough: int = ENOUGH_FOR_A_WRITE
    worth_a_write: int = WORTH_A_WRITE
    spill: Spill | None = None  # where events go while storage is away, if there is such a place
    # What was spilled must be stored first: a resolve must not come before its trigger. So until nothing of it is left,
    # everything is spilled.
    is_spilling: bool = False
    _spilled_at: float = 0.0
    # By integration; whose turn it is comes first. Those of whom nothing waits are not in it.
    _waiting: OrderedDict[IntegrationId, deque[_Submission]] = field(default_factory=OrderedDict)
    _count: int = 0
    _count_of: Counter[IntegrationId] = field(default_factory=Counter)
    _writers_with: Counter[IntegrationId] = field(default_factory=Counter)
    _writes: int = 0  # under way
    _pace: Pace = field(init=False)  # of those of short bodies
    _group: asyncio.TaskGroup | None = None  # of the writes, while `run` runs
    _context: Context = field(default_factory=Context)  # and where they run: not in that of any one sender's request
    _is_to_look: bool = False

    def __post_init__(self) -> None:
        self._pace = Pace(self._look, self.worth_a_write)

    async def store(self, events: Sequence[ReceivedEvent]) -> None:
        """Store the events of one body.

        Raises `TransientPortError` when storage is away or too many events wait: none of these is stored then.
        """
        sender = _sender_of(events)
        self._require_room(sender, len(events))
        submission: _Submission = Asked(events, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(sender, deque()).append(submission)
        self._count += len(events)
        self._count_of[sender] += len(events)
        self._look()
        await submission.answer

    async def run(self) -> None:
        """Write until cancelled. What is being written then is finished first."""
        async with asyncio.TaskGroup() as group:
            self._group, self._context = group, copy_context()
            self._look()
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    def _require_room(self, sender: IntegrationId, size: int) -> None:
        of_sender = self._count_of[sender]
        if self._count + size > BACKLOG:
            raise TransientPortError("too many events are waiting to be stored")
        if of_sender and of_sender + size > BACKLOG_EACH:
            raise TransientPortError("too many events of this integration are waiting to be stored")

    def _look(self) -> None:
        """Begin what can be begun, as soon as all that has arrived by now is here."""
        if self._group is not None and not self._is_to_look:
            self._is_to_look = True
            asyncio.get_running_loop().call_soon(self._begin, context=self._context)

    def _begin(self) -> None:
        self._is_to_look = False
        while self._group is not None and self._writes < self.writers and (taken := self._take()):
            senders = {_sender_of(submission.work) for submission in taken}
            self._writes += 1
            self._writers_with.update(senders)
            self._group.create_task(self._write_taken(taken, senders, self._paced(taken)))

    def _paced(self, taken: Sequence[_Submission]) -> Callable[[], None]:
        """To be called when it is written."""
        if _is_long(taken[0].work):
            return _nothing
        return self._pace.begin(sum(len(submission.work) for submission in taken), waiting=self._count)

    async def _write_taken(
        self, taken: Sequence[_Submission], senders: Set[IntegrationId], end: Callable[[], None]
    ) -> None:
        try:
            await write_together(taken, self._write)
        finally:
            end()
            self._writes -= 1
            self._writers_with.subtract(senders)
            self._writers_with = +self._writers_with
            self._look()

    def _take(self) -> list[_Submission]:
        """A body of each integration in turn, until the batch is full; a body that is longer is a batch of its own.

        The first one says whether they are long or short: the others are for the next writer.
        """
        taken: list[_Submission] = []
        size, before = 0, -1
        is_worth_it = self._count > 0 and self._pace.may_begin(self._count)
        while len(taken) > before:
            before = len(taken)
            for sender in tuple(self._waiting):
                if not self._may_be_written(sender, beside=taken, is_worth_it=is_worth_it):
                    continue
                if taken and size + len(self._waiting[sender][0].work) > self._most_beside(taken[0].work):
                    return taken
                taken.append(self._next_of(sender))
                size += len(taken[-1].work)
        return taken

    def _most_beside(self, first: _Body) -> int:
        """Events of its write."""
        return INGEST_BATCH if _is_long(first) else self.enough

    def _may_be_written(self, sender: IntegrationId, *, beside: Sequence[_Submission], is_worth_it: bool) -> bool:
        is_long = _is_long(self._waiting[sender][0].work)
        if beside and is_long != _is_long(beside[0].work):
            return False
        if not (is_long or is_worth_it):
            return False
        return self._writers_with[sender] < max(1, self.writers - 1)

    def _next_of(self, sender: IntegrationId) -> _Submission:
        waiting = self._waiting[sender]
        submission = waiting.popleft()
        if waiting:
            self._waiting.move_to_end(sender)
        else:
            del self._waiting[sender]
        self._count -= len(submission.work)
        self._count_of[sender] -= len(submission.work)
        if not self._count_of[sender]:
            del self._count_of[sender]
        return submission

    async def _write(self, bodies: Sequence[_Body]) -> list[None]:
        events = [event for body in bodies for event in body]
        await self.keep(lambda: self.ingest(events), lambda spill: spill.put(events))
        return [None] * len(bodies)

    async def keep(self, store: Callable[[], Awaitable[None]], put: Callable[[Spill], Awaitable[None]]) -> None:
        """Have something stored, or put into the spill while storage is away or has not caught up.

        Raises `TransientPortError` when neither takes it.
        """
        if self.spill is None:
            await store()
            return
        # As it is now: somebody else may find out meanwhile that storage is away.
        was_spilling = self.is_spilling
        try:
            await (self._put(self.spill, put) if was_spilling else store())
        except TransientPortError:
            # Out of order is better than refused.
            await (store() if was_spilling else self._put(self.spill, put))

    async def _put(self, spill: Spill, put: Callable[[Spill], Awaitable[None]]) -> None:
        if not self.is_spilling:
            self.is_spilling = True
            _log.warning("intake_spills")
        self._spilled_at = monotonic()
        await put(spill)
        self._spilled_at = monotonic()

    async def look_after_the_spill(self) -> None:
        """Until cancelled, see whether anything is in the spill: another process may have begun to fill it."""
        assert self.spill is not None
        is_there = True
        while True:
            asked_at = monotonic()
            try:
                holds_any = await self.spill.holds_any()
            except TransientPortError as error:  # as it was, until it can be seen
                if is_there:
                    _log.error("spill_unreachable", reason=str(error))
                is_there = False
            else:
                is_there = True
                self._have_seen(holds_any=holds_any, at=asked_at)
            await asyncio.sleep(SPILL_LOOKS_SECONDS[self.is_spilling])

    def _have_seen(self, *, holds_any: bool, at: float) -> None:
        if holds_any:
            self.is_spilling = True
        elif self.is_spilling and at - self._spilled_at > SPILL_SETTLES_SECONDS:
            self.is_spilling = False
            _log.warning("intake_stores_again")


def _nothing() -> None:
    """For a write that has no pace."""


def _sender_of(body: _Body) -> IntegrationId:
    return body[0].target.integration.id


def _is_long(body: _Body) -> bool:
    return len(body) >= LONG
