"""What several polls have received shares a commit: what gathers while writes are under way is the next."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.inbound.intake.together import Asked, write_together
from adapters.inbound.sqs.consumer import Consume
from application.alert.consume import Outcome, QueuedMessage
from domain.shared.limits import INGEST_BATCH

# While one waits for the database, the next is prepared.
WRITERS: Final = 2


type _Received = Asked[Sequence[QueuedMessage], Sequence[Outcome]]


@dataclass(slots=True)
class Gather:
    """A `Consume` in front of another. What fails is taken again poll by poll: one's fault is not its neighbours'."""

    consume: Consume
    most: int = INGEST_BATCH  # messages, each of which usually is an event
    _waiting: deque[_Received] = field(default_factory=deque)
    _writing: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, messages: Sequence[QueuedMessage]) -> Sequence[Outcome]:
        """Returns after the commit of these. Raises what storing them raises."""
        received: _Received = Asked(messages, asyncio.get_running_loop().create_future())
        self._waiting.append(received)
        if len(self._writing) < WRITERS:
            writing = asyncio.create_task(self._write_all())
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        return await received.answer

    async def _write_all(self) -> None:
        while self._waiting:
            await write_together(self._take(), self._write)

    def _take(self) -> list[_Received]:
        """Some, and one at least."""
        taken = [self._waiting.popleft()]
        size = len(taken[0].work)
        while self._waiting and size + len(self._waiting[0].work) <= self.most:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].work)
        return taken

    async def _write(self, polls: Sequence[Sequence[QueuedMessage]]) -> list[Sequence[Outcome]]:
        outcomes = iter(await self.consume([message for poll in polls for message in poll]))
        return [[next(outcomes) for _ in poll] for poll in polls]
