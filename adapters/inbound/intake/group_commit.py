"""Concurrent requests share a commit: what gathers while one write is in flight is the next write.

There is no timer. A lone event waits for nothing, and a storm costs commits, not transactions per event.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from application.alert.routed import ReceivedEvent
from application.ports.errors import TransientPortError
from domain.shared.limits import INGEST_BATCH

# Writes in flight at once: while some wait for the database, the next batch is prepared. Two leave a core idle under
# load (docs/benchmarks.md); more than four only make the batches smaller.
WRITERS: Final = 4
# Events that may wait. A few seconds' worth: more would be answered after their senders had given up.
BACKLOG: Final = 20_000

type Ingest = Callable[[Sequence[ReceivedEvent]], Awaitable[None]]


class _Submission(NamedTuple):
    events: Sequence[ReceivedEvent]
    done: asyncio.Future[None]


@dataclass(slots=True)
class GroupCommit:
    """Hands events to `ingest` in batches. `run` must be running; `store` returns after the commit of its own."""

    ingest: Ingest
    writers: int = WRITERS
    most: int = INGEST_BATCH
    _waiting: deque[_Submission] = field(default_factory=deque)
    _count: int = 0
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def store(self, events: Sequence[ReceivedEvent]) -> None:
        """Raises `TransientPortError` when storage is away or too many events wait: none of these is stored then."""
        if self._count + len(events) > BACKLOG:
            raise TransientPortError("too many events are waiting to be stored")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Submission(events, done))
        self._count += len(events)
        self._arrived.set()
        await done

    async def run(self) -> None:
        """Write until cancelled. What is being written then is finished first."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.writers):
                group.create_task(self._write_forever())

    async def _write_forever(self) -> None:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            await self._write(self._take())

    def _take(self) -> list[_Submission]:
        taken = [self._waiting.popleft()]
        size = len(taken[0].events)
        while self._waiting and size + len(self._waiting[0].events) <= self.most:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].events)
        self._count -= size
        return taken

    async def _write(self, submissions: Sequence[_Submission]) -> None:
        try:
            await self.ingest([event for submission in submissions for event in submission.events])
        except TransientPortError as error:
            _answer(submissions, error)
        except Exception as error:  # noqa: BLE001  # one event's fault must not cost its neighbours theirs
            if len(submissions) == 1:
                _answer(submissions, error)
            else:
                for submission in submissions:
                    await self._write((submission,))
        except asyncio.CancelledError:
            _answer(submissions, TransientPortError("the service is stopping"))
            raise
        else:
            _answer(submissions, None)


def _answer(submissions: Sequence[_Submission], error: Exception | None) -> None:
    for submission in submissions:
        if submission.done.done():
            continue  # its client has gone; the events are stored all the same
        if error is None:
            submission.done.set_result(None)
        else:
            submission.done.set_exception(error)
