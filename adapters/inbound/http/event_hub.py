"""One reader of the event log for all viewers of a process.

Each viewer has a bounded buffer. While nobody watches, nothing is read; no viewer holds a database connection.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from types import TracebackType
from typing import Final, Self

import structlog

from application.ports.errors import PortError
from application.ports.event_log import EventLog, EventPosition, LoggedEvent
from application.ports.wakeup import Wakeup

BATCH: Final = 500  # events read at once
BUFFER: Final = 1_000  # events that a viewer may be behind the process
REPLAY: Final = 5_000  # events that a viewer may be behind the log when it comes back; with more it starts afresh
POLL: Final = timedelta(seconds=1)  # the truth; hints only make it faster

_log = structlog.get_logger()


class Signal(Enum):
    """What a viewer is told besides events."""

    READY = "ready"  # what follows is new; the position that comes with it is where to resume
    RESET = "reset"  # events were missed: fetch everything again, then go on from the position that comes with it
    DRAIN = "drain"  # this process is about to stop: come back, to another one
    QUIET = "quiet"  # nothing for a while


class Subscription:
    """One viewer's place in the log. Left, it is forgotten."""

    def __init__(self, hub: "EventHub", position: EventPosition) -> None:
        self.position = position  # everything up to here has been told, or was there before
        self._hub = hub
        self._buffer: deque[LoggedEvent] = deque()
        self._has_overflown = False
        self._news = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.forget(self)

    async def next(self, *, most: timedelta) -> LoggedEvent | Signal:
        """The next event or signal; `QUIET` when there is none for so long."""
        if not self._is_due():
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(most.total_seconds()):
                    await self._news.wait()
        if self._hub.is_draining:
            return Signal.DRAIN
        if self._has_overflown:
            self._has_overflown = False
            self.position = self._hub.position
            return Signal.RESET
        if not self._buffer:
            return Signal.QUIET
        event = self._buffer.popleft()
        self.position = event.position
        return event

    def offer(self, event: LoggedEvent) -> None:
        """For the hub: never waits. A viewer that cannot keep up loses its buffer and is told so."""
        if len(self._buffer) >= BUFFER:
            self._buffer.clear()
            self._has_overflown = True
        if not self._has_overflown:
            self._buffer.append(event)
        self._news.set()

    def give_news(self) -> None:
        self._news.set()

    def _is_due(self) -> bool:
        return bool(self._buffer) or self._has_overflown or self._hub.is_draining


class EventHub:
    """Hands events to viewers as they commit, in commit order; an event may be seen twice, none is skipped unsaid.

    `run` must be running in the background of the process.
    """

    def __init__(self, log: EventLog, wakeup: Wakeup) -> None:
        self._log = log
        self._wakeup = wakeup
        self._viewers: set[Subscription] = set()
        self._has_viewers = asyncio.Event()
        self._starting = asyncio.Lock()
        self.position = EventPosition(0, 0)  # what the viewers have been offered; means something while there are any
        self.is_draining = False

    @property
    def viewer_count(self) -> int:
        return len(self._viewers)

    async def subscribe(self) -> Subscription:
        """A place at the end of the log. Raises `PortError`."""
        async with self._starting:
            if not self._viewers:
                self.position = await self._log.end()
            subscription = Subscription(self, self.position)
            self._viewers.add(subscription)
            self._has_viewers.set()
            return subscription

    async def replay(self, subscription: Subscription, after: EventPosition) -> AsyncIterator[LoggedEvent | Signal]:
        """What a viewer that comes back has missed, up to where its subscription goes on.

        Ends with `RESET` when the position is none of ours or too long ago. Raises `PortError`.
        """
        until = subscription.position
        if after > await self._log.end():
            yield Signal.RESET  # a position of another log, or from before a backup was restored
            return
        told = 0
        while after < until:
            batch = await self._log.after(after, limit=BATCH)
            for event in batch:
                if event.position > until:
                    return  # the buffer has it
                if told == REPLAY:
                    yield Signal.RESET
                    return
                told += 1
                yield event
            if len(batch) < BATCH:
                return
            after = batch[-1].position

    def forget(self, subscription: Subscription) -> None:
        self._viewers.discard(subscription)
        if not self._viewers:
            self._has_viewers.clear()

    def drain(self) -> None:
        """Tell every viewer, those to come included, that the process is about to stop."""
        self.is_draining = True
        for viewer in self._viewers:
            viewer.give_news()

    async def run(self) -> None:
        """Read and hand out until cancelled."""
        while True:
            await self._has_viewers.wait()
            try:
                read = await self._read()
            except PortError as error:
                _log.warning("event_hub_cannot_read", reason=str(error))
                read = 0
            if read < BATCH:
                await self._wakeup.wait(most=POLL)

    async def _read(self) -> int:
        async with self._starting:  # nobody moves the position meanwhile
            events = await self._log.after(self.position, limit=BATCH)
            for event in events:
                self.position = event.position
                for viewer in self._viewers:
                    viewer.offer(event)
        return len(events)
