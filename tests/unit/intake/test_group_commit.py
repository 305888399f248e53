"""What gathers while a write is under way is the next one, and no integration has it for itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from adapters.inbound.intake import group_commit
from adapters.inbound.intake.group_commit import (
    BACKLOG,
    BACKLOG_EACH,
    ENOUGH_FOR_A_WRITE,
    LONG,
    GroupCommit,
)
from adapters.inbound.intake.pace import GATHER_SECONDS, SLOW_SECONDS, WORTH_A_WRITE
from adapters.outbound.memory.spill import MemorySpill
from application.alert.routed import ReceivedEvent
from application.ports.errors import TransientPortError
from application.ports.intake import IntakeTarget
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.service.service import UrgencyRule
from domain.shared.ids import IntegrationId
from domain.shared.limits import INGEST_BATCH
from tests.support.builders import BANK_PROBES, LADDER, SHOP_LOGS, SHOP_PROBES, an_integration


def body(integration_id: IntegrationId, name: str, *, of: int = 1) -> list[ReceivedEvent]:
    target = IntakeTarget(
        integration=an_integration(integration_id),
        policy_id=LADDER,
        policy_version=1,
        urgency_rule=UrgencyRule.BY_SEVERITY,
    )
    events = (AlertEvent(action=AlertAction.TRIGGER, dedup_key=name) for _ in range(of))
    return [ReceivedEvent(target, event, None) for event in events]


@dataclass
class Writes:
    """Each is written when it is let, in the order in which they began."""

    begun: list[list[str]] = field(default_factory=list)
    held: list[asyncio.Future[None]] = field(default_factory=list)

    async def __call__(self, batch: Sequence[ReceivedEvent]) -> None:
        held = asyncio.get_running_loop().create_future()
        self.begun.append([received.event.dedup_key for received in batch])
        self.held.append(held)
        await held

    def names(self) -> list[set[str]]:
        return [set(write) for write in self.begun]


@dataclass
class Desk:
    commits: GroupCommit
    writes: Writes
    sent: list[asyncio.Task[None]] = field(default_factory=list)

    async def send(self, *bodies: list[ReceivedEvent]) -> None:
        self.sent += [asyncio.create_task(self.commits.store(each)) for each in bodies]
        await settled()

    async def finish(self, write: int) -> None:
        self.writes.held[write].set_result(None)
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def desk(*, writers: int, enough: int = ENOUGH_FOR_A_WRITE) -> AsyncIterator[Desk]:
    writes = Writes()
    commits = GroupCommit(writes, writers=writers, enough=enough)
    running = asyncio.create_task(commits.run())
    await settled()
    made = Desk(commits, writes)
    yield made
    for task in (running, *made.sent):
        task.cancel()
    await asyncio.gather(running, *made.sent, return_exceptions=True)


async def test_what_gathers_while_a_write_is_under_way_is_the_next_one() -> None:
    async with desk(writers=1) as at:
        await at.send(body(SHOP_PROBES, "a"))
        await at.send(body(SHOP_PROBES, "b"), body(SHOP_PROBES, "c"))
        assert at.writes.begun == [["a"]]
        await at.finish(0)

        assert at.writes.begun == [["a"], ["b", "c"]]
        assert [task.done() for task in at.sent] == [True, False, False]


async def test_integrations_take_turns_and_each_keeps_its_order() -> None:
    async with desk(writers=1, enough=4) as at:
        await at.send(body(SHOP_PROBES, "first"))
        await at.send(*(body(SHOP_PROBES, f"storm {number}") for number in range(6)))
        await at.send(body(BANK_PROBES, "bank 1"), body(BANK_PROBES, "bank 2"), body(SHOP_LOGS, "logs"))
        await at.finish(0)
        await at.finish(1)
        await asyncio.sleep(1.5 * GATHER_SECONDS)

        assert at.writes.begun[1] == ["storm 0", "bank 1", "logs", "storm 1"]
        assert at.writes.begun[2] == ["bank 2", "storm 2", "storm 3", "storm 4"]


async def test_a_short_body_does_not_share_its_write_with_a_long_one() -> None:
    async with desk(writers=1) as at:
        await at.send(body(SHOP_PROBES, "first"))
        await at.send(body(SHOP_PROBES, "storm", of=LONG), body(SHOP_PROBES, "storm", of=LONG))
        await at.send(body(BANK_PROBES, "bank"), body(SHOP_LOGS, "logs", of=LONG))
        for write in range(3):
            await at.finish(write)

        assert at.writes.names() == [{"first"}, {"storm", "logs"}, {"bank"}]


async def test_one_writer_at_least_has_nothing_of_an_integration_in_hand() -> None:
    async with desk(writers=3) as at:
        await at.send(*(body(SHOP_PROBES, f"storm {number}", of=INGEST_BATCH) for number in range(9)))
        assert at.writes.names() == [{"storm 0"}, {"storm 1"}]  # the third writer is for others

        await at.send(body(BANK_PROBES, "bank"))
        assert at.writes.names()[2] == {"bank"}

        await at.finish(0)
        assert at.writes.names()[3] == {"storm 2"}


async def test_a_further_write_begins_when_enough_has_gathered() -> None:
    async with desk(writers=3) as at:
        await at.send(body(SHOP_PROBES, "first"))
        await at.send(*(body(BANK_PROBES, f"second {number}") for number in range(WORTH_A_WRITE - 1)))
        assert at.writes.begun == [["first"]]

        await at.send(body(SHOP_LOGS, "and one"))
        assert [len(write) for write in at.writes.begun] == [1, WORTH_A_WRITE]

        await at.send(*(body(SHOP_LOGS, f"third {number}") for number in range(2 * WORTH_A_WRITE - 1)))
        assert len(at.writes.begun) == 2
        await at.send(body(SHOP_LOGS, "and one"))
        assert len(at.writes.begun[2]) == 2 * WORTH_A_WRITE


async def test_what_came_together_is_not_all_in_one_write() -> None:
    async with desk(writers=3) as at:
        await at.send(*(body(SHOP_PROBES, f"storm {number}") for number in range(2 * ENOUGH_FOR_A_WRITE)))

        assert [len(write) for write in at.writes.begun] == [ENOUGH_FOR_A_WRITE, ENOUGH_FOR_A_WRITE]


async def test_nobody_waits_for_a_slow_write() -> None:
    async with desk(writers=3) as at:
        await at.send(body(SHOP_PROBES, "slow"))
        await at.send(body(BANK_PROBES, "second"))
        assert at.writes.begun == [["slow"]]
        await asyncio.sleep(1.5 * SLOW_SECONDS)
        assert at.writes.begun == [["slow"], ["second"]]

        await at.finish(1)
        await at.send(body(BANK_PROBES, "third"))
        assert at.writes.begun[2:] == [["third"]], "it is not waited for again"


async def test_a_write_is_part_of_no_senders_request() -> None:
    request = ContextVar("request", default="none")
    seen: list[str] = []

    async def ingest(batch: Sequence[ReceivedEvent]) -> None:
        seen.append(request.get())

    commits = GroupCommit(ingest)
    running = asyncio.create_task(commits.run())
    await settled()
    request.set("of one sender")
    await commits.store(body(SHOP_PROBES, "a"))
    running.cancel()

    assert seen == ["none"]


async def test_a_single_event_does_not_wait_for_a_long_body() -> None:
    async with desk(writers=2) as at:
        await at.send(body(SHOP_PROBES, "storm", of=LONG))
        await at.send(body(BANK_PROBES, "bank"))
        assert at.writes.names() == [{"storm"}, {"bank"}]


async def test_a_storm_fills_its_part_of_the_queue_and_others_still_have_room() -> None:
    async with desk(writers=1) as at:
        await at.send(body(SHOP_PROBES, "first"))
        await at.send(body(SHOP_PROBES, "storm", of=BACKLOG_EACH))
        with pytest.raises(TransientPortError, match="of this integration"):
            await at.commits.store(body(SHOP_PROBES, "too much"))

        await at.send(body(BANK_PROBES, "bank"))
        await at.finish(0)
        await at.finish(1)
        assert "bank" in at.writes.begun[1] + at.writes.begun[2]


async def test_a_body_longer_than_an_integrations_part_passes_when_nothing_else_of_it_waits() -> None:
    async with desk(writers=1) as at:
        await at.send(body(SHOP_PROBES, "long", of=BACKLOG_EACH + 1))

        assert len(at.writes.begun[0]) == BACKLOG_EACH + 1


async def test_all_together_fill_no_more_than_the_queue() -> None:
    async with desk(writers=1) as at:
        await at.send(body(SHOP_PROBES, "first"))
        await at.send(body(SHOP_LOGS, "long", of=BACKLOG))
        with pytest.raises(TransientPortError, match="too many events are waiting"):
            await at.commits.store(body(BANK_PROBES, "too much"))


async def test_an_event_that_storage_refuses_costs_its_neighbours_nothing() -> None:
    stored: list[str] = []

    async def ingest(batch: Sequence[ReceivedEvent]) -> None:
        if any(received.event.dedup_key == "bad" for received in batch):
            raise ValueError
        stored.extend(received.event.dedup_key for received in batch)

    commits = GroupCommit(ingest, writers=1)
    waiting = [asyncio.create_task(commits.store(body(SHOP_PROBES, name))) for name in ("a", "bad", "b")]
    await settled()
    running = asyncio.create_task(commits.run())
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    running.cancel()

    assert stored == ["a", "b"]
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]


@dataclass
class Storage:
    """There or away, with what it has been given."""

    is_away: bool = False
    stored: list[str] = field(default_factory=list)

    async def __call__(self, batch: Sequence[ReceivedEvent]) -> None:
        if self.is_away:
            raise TransientPortError("storage is away")
        self.stored += [received.event.dedup_key for received in batch]


@contextlib.asynccontextmanager
async def spilling(spill: MemorySpill | None) -> AsyncIterator[tuple[GroupCommit, Storage]]:
    storage = Storage()
    commits = GroupCommit(storage, spill=spill)
    running = asyncio.create_task(commits.run())
    yield commits, storage
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def kept_by(spill: MemorySpill) -> list[str]:
    return [received.event.dedup_key for received in spill.kept]


async def test_while_storage_is_away_events_are_accepted_and_spilled() -> None:
    spill = MemorySpill()
    async with spilling(spill) as (commits, storage):
        await commits.store(body(SHOP_PROBES, "stored"))
        storage.is_away = True
        with capture_logs() as logs:
            await commits.store(body(SHOP_PROBES, "spilled"))
            await commits.store(body(SHOP_PROBES, "too"))

    assert (storage.stored, kept_by(spill)) == (["stored"], ["spilled", "too"])
    assert [each["event"] for each in logs] == ["intake_spills"]


async def test_until_nothing_of_it_is_left_everything_is_spilled_so_that_nothing_overtakes() -> None:
    spill = MemorySpill()
    async with spilling(spill) as (commits, storage):
        storage.is_away = True
        with capture_logs():
            await commits.store(body(SHOP_PROBES, "trigger"))
        storage.is_away = False
        await commits.store(body(SHOP_PROBES, "its resolve"))

    assert (storage.stored, kept_by(spill)) == ([], ["trigger", "its resolve"])


async def test_when_the_spill_is_away_too_events_are_refused() -> None:
    async with spilling(MemorySpill(is_away=True)) as (commits, storage):
        storage.is_away = True
        with capture_logs(), pytest.raises(TransientPortError, match="the spill is away"):
            await commits.store(body(SHOP_PROBES, "refused"))


async def test_when_the_spill_goes_away_while_it_is_in_use_events_are_stored_although_out_of_order() -> None:
    spill = MemorySpill()
    async with spilling(spill) as (commits, storage):
        storage.is_away = True
        with capture_logs():
            await commits.store(body(SHOP_PROBES, "spilled"))
        storage.is_away, spill.is_away = False, True
        await commits.store(body(SHOP_PROBES, "stored"))

    assert storage.stored == ["stored"]


async def test_without_a_spill_events_are_refused() -> None:
    async with spilling(None) as (commits, storage):
        storage.is_away = True
        with pytest.raises(TransientPortError, match="storage is away"):
            await commits.store(body(SHOP_PROBES, "refused"))


async def test_what_another_process_spilled_is_noticed_and_its_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "SPILL_LOOKS_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(group_commit, "SPILL_SETTLES_SECONDS", 0.05)
    spill = MemorySpill(kept=body(SHOP_PROBES, "of another"))
    async with spilling(spill) as (commits, storage):
        with capture_logs():
            looking = asyncio.create_task(commits.look_after_the_spill())
            await asyncio.sleep(0.05)
            await commits.store(body(SHOP_PROBES, "follows"))
            spill.kept.clear()
            await asyncio.sleep(0.2)
            await commits.store(body(SHOP_PROBES, "stored"))
            looking.cancel()

    assert storage.stored == ["stored"]
