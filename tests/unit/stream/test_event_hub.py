import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.inbound.http import event_hub
from adapters.inbound.http.event_hub import EventHub, Signal, Subscription
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.event_log import MemoryEventLog
from application.ports.errors import TransientPortError
from application.ports.event_log import EventPosition, LoggedEvent
from application.ports.wakeup import Wakeup
from domain.incident.events import IncidentAnnotated
from domain.shared.ids import IncidentId, UserId
from domain.shared.via import Via
from tests.support.stock import NOON

SOON = timedelta(seconds=5)  # far longer than anything here takes
AT_ONCE = timedelta(milliseconds=20)


class Bell(Wakeup):
    """A wakeup that rings when told, and otherwise not before its time is over."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.waits = 0

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, *, most: timedelta) -> None:
        self.waits += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(most.total_seconds()):
                await self._rung.wait()
        self._rung.clear()


class CountedLog(MemoryEventLog):
    """Counts its readings, and fails as often as it is told to."""

    def __init__(self, session: MemorySession) -> None:
        super().__init__(session)
        object.__setattr__(self, "counts", {"reads": 0, "failures": 0})

    counts: dict[str, int]

    async def after(self, position: EventPosition, *, limit: int) -> tuple[LoggedEvent, ...]:
        self.counts["reads"] += 1
        if self.counts["failures"]:
            self.counts["failures"] -= 1
            raise TransientPortError("the database restarts")
        return await super().after(position, limit=limit)


class Office:
    """A hub at work over a log."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.log = CountedLog(MemorySession(self.database))
        self.bell = Bell()
        self.hub = EventHub(self.log, self.bell)

    async def note(self, *notes: str) -> list[EventPosition]:
        """Commit notes together, and ring."""
        before = len(self.database.log)
        session = MemorySession(self.database)
        async with session:
            await MemoryEventLog(session).append([noted(note) for note in notes])
        self.bell.ring()
        return [logged.position for logged in self.database.log[before:]]


def noted(note: str) -> IncidentAnnotated:
    return IncidentAnnotated(
        incident_id=IncidentId(UUID(int=1)), by=UserId(UUID(int=2)), via=Via.API, note=note, at=NOON
    )


@asynccontextmanager
async def at_work() -> AsyncIterator[Office]:
    office = Office()
    task = asyncio.create_task(office.hub.run())
    try:
        yield office
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def next_note(subscription: Subscription) -> str:
    told = await subscription.next(most=SOON)
    assert isinstance(told, LoggedEvent), told
    assert isinstance(told.event, IncidentAnnotated)
    return told.event.note


async def replayed(office: Office, subscription: Subscription, after: EventPosition) -> list[str]:
    told = [each async for each in office.hub.replay(subscription, after)]
    return [each.value if isinstance(each, Signal) else each.event.note for each in told]  # type: ignore[attr-defined]


async def test_a_viewer_is_told_of_what_commits_after_it_came_in_commit_order() -> None:
    async with at_work() as office:
        await office.note("before")
        with await office.hub.subscribe() as subscription:
            await office.note("first", "second")
            await office.note("third")
            assert [await next_note(subscription) for _ in range(3)] == ["first", "second", "third"]


async def test_every_viewer_is_told_everything() -> None:
    async with at_work() as office:
        with await office.hub.subscribe() as one, await office.hub.subscribe() as other:
            await office.note("news")
            assert await next_note(one) == await next_note(other) == "news"


async def test_a_hint_is_enough_and_nobody_waits_for_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "POLL", timedelta(hours=1))
    async with at_work() as office:
        with await office.hub.subscribe() as subscription:
            for note in ("one", "two"):
                await office.note(note)
                assert await next_note(subscription) == note


async def test_without_hints_polling_finds_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "POLL", timedelta(milliseconds=5))
    async with at_work() as office:
        office.bell.ring = lambda: None  # type: ignore[method-assign]  # every hint is lost
        with await office.hub.subscribe() as subscription:
            await office.note("news")
            assert await next_note(subscription) == "news"


async def test_nothing_is_read_while_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "POLL", timedelta(milliseconds=1))
    async with at_work() as office:
        with await office.hub.subscribe() as subscription:
            await office.note("news")
            await next_note(subscription)
        await asyncio.sleep(0.02)  # what was under way ends
        reads = office.log.counts["reads"]
        await office.note("unseen")
        await asyncio.sleep(0.05)
        assert office.log.counts["reads"] == reads
        assert office.hub.viewer_count == 0


async def test_who_comes_after_a_pause_is_not_told_of_the_pause() -> None:
    async with at_work() as office:
        with await office.hub.subscribe():
            pass
        await office.note("unseen")
        with await office.hub.subscribe() as subscription:
            await office.note("seen")
            assert await next_note(subscription) == "seen"


async def test_a_quiet_log_says_so_in_time() -> None:
    async with at_work() as office:
        with await office.hub.subscribe() as subscription:
            assert await subscription.next(most=AT_ONCE) is Signal.QUIET


async def test_who_comes_back_gets_what_was_missed_and_then_goes_on_without_a_gap_or_a_repeat() -> None:
    async with at_work() as office:
        (seen,) = await office.note("seen")
        await office.note("missed 1", "missed 2")
        with await office.hub.subscribe() as subscription:
            await office.note("meanwhile")
            assert await replayed(office, subscription, seen) == ["missed 1", "missed 2"]
            assert await next_note(subscription) == "meanwhile"
            assert await subscription.next(most=AT_ONCE) is Signal.QUIET


async def test_who_comes_back_while_others_watch_misses_nothing_that_they_were_told() -> None:
    async with at_work() as office:
        (seen,) = await office.note("seen")
        with await office.hub.subscribe() as other:
            await office.note("missed 1", "missed 2")
            assert [await next_note(other) for _ in range(2)] == ["missed 1", "missed 2"]
            with await office.hub.subscribe() as subscription:
                assert await replayed(office, subscription, seen) == ["missed 1", "missed 2"]
                await office.note("new")
                assert await next_note(subscription) == "new"


async def test_a_long_absence_is_replayed_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "BATCH", 3)
    async with at_work() as office:
        (seen,) = await office.note("seen")
        notes = [f"missed {number}" for number in range(7)]
        await office.note(*notes)
        with await office.hub.subscribe() as subscription:
            assert await replayed(office, subscription, seen) == notes


async def test_who_was_away_too_long_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "REPLAY", 3)
    async with at_work() as office:
        (seen,) = await office.note("seen")
        await office.note(*(f"missed {number}" for number in range(4)))
        with await office.hub.subscribe() as subscription:
            assert (await replayed(office, subscription, seen))[-1] == "reset"
            await office.note("news")
            assert await next_note(subscription) == "news"


async def test_a_place_that_the_log_has_not_reached_is_none_of_ours() -> None:
    async with at_work() as office:
        with await office.hub.subscribe() as subscription:
            assert await replayed(office, subscription, EventPosition(10**9, 1)) == ["reset"]


async def test_a_slow_viewer_loses_its_buffer_and_is_told_so_and_the_others_lose_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_hub, "BUFFER", 3)
    async with at_work() as office:
        with await office.hub.subscribe() as slow, await office.hub.subscribe() as quick:
            for number in range(5):
                await office.note(f"note {number}")
                assert await next_note(quick) == f"note {number}"
            assert await slow.next(most=SOON) is Signal.RESET
            assert slow.position == office.hub.position
            await office.note("after")
            assert await next_note(slow) == "after"
            assert await next_note(quick) == "after"


async def test_a_drain_comes_before_everything_else_and_to_those_who_come_later_too() -> None:
    async with at_work() as office:
        with await office.hub.subscribe() as waiting, await office.hub.subscribe() as behind:
            asleep = asyncio.create_task(waiting.next(most=SOON))
            await office.note("news")
            await asleep
            asleep = asyncio.create_task(waiting.next(most=SOON))
            await asyncio.sleep(0)
            office.hub.drain()
            assert await asleep is Signal.DRAIN
            assert await behind.next(most=SOON) is Signal.DRAIN
        with await office.hub.subscribe() as late:
            assert await late.next(most=SOON) is Signal.DRAIN


async def test_a_log_that_fails_for_a_while_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "POLL", timedelta(milliseconds=5))
    async with at_work() as office:
        with await office.hub.subscribe() as subscription:
            office.log.counts["failures"] = 3
            await office.note("news")
            assert await next_note(subscription) == "news"
            assert office.log.counts["failures"] == 0
