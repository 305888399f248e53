"""What several polls have received shares a commit: what gathers while writes are under way is the next."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from adapters.inbound.sqs.consumer import Consume
from application.alert.consume import Outcome, QueuedMessage
from application.ports.errors import TransientPortError
from domain.shared.limits import INGEST_BATCH

# While one waits for the database, the next is prepared.
WRITERS: Final = 2


class _Received(NamedTuple):
    messages: Sequence[QueuedMessage]
    outcomes: asyncio.Future[Sequence[Outcome]]


@dataclass(slots=True)
class Gather:
    """A `Consume` in front of another. What fails is taken again poll by poll: one's fault is not its neighbours'."""

    consume: Consume
    most: int = INGEST_BATCH  # messages, each of which usually is an event
    _waiting: deque[_Received] = field(default_factory=deque)
    _writing: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, messages: Sequence[QueuedMessage]) -> Sequence[Outcome]:
        """Returns after the commit of these. Raises what storing them raises."""
        received = _Received(messages, asyncio.get_running_loop().create_future())
        self._waiting.append(received)
        if len(self._writing) < WRITERS:
            writing = asyncio.create_task(self._write_all())
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        return await received.outcomes

    async def _write_all(self) -> None:
        while self._waiting:
            await self._write(self._take())

    def _take(self) -> list[_Received]:
        """Some, and one at least."""
        taken = [self._waiting.popleft()]
        size = len(taken[0].messages)
        while self._waiting and size + len(self._waiting[0].messages) <= self.most:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].messages)
        return taken

    async def _write(self, taken: Sequence[_Received]) -> None:
        try:
            outcomes = iter(await self.consume([message for each in taken for message in each.messages]))
        except Exception as error:  # noqa: BLE001  # it is raised where the messages came from
            if len(taken) == 1 or isinstance(error, TransientPortError):
                _fail(taken, error)
                return
            for each in taken:
                await self._write((each,))
        except asyncio.CancelledError:
            _fail(taken, TransientPortError("the service is stopping"))
            raise
        else:
            for each in taken:
                answer = [next(outcomes) for _ in each.messages]
                if not each.outcomes.done():  # whoever asked may have gone
                    each.outcomes.set_result(answer)


def _fail(taken: Sequence[_Received], error: Exception) -> None:
    for each in taken:
        if not each.outcomes.done():
            each.outcomes.set_exception(error)
