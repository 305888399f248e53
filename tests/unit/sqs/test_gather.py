"""What several polls have received shares a commit, and no fault."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from adapters.inbound.sqs.gather import WRITERS, Gather
from application.alert.consume import Outcome, QueuedMessage
from application.ports.errors import TransientPortError


@dataclass
class Storage:
    """Writes when it is let. What is called `bad` it refuses, and while it is away everything."""

    is_away: bool = False
    written: list[list[str]] = field(default_factory=list)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, messages: Sequence[QueuedMessage]) -> Sequence[Outcome]:
        names = [message.message_key for message in messages]
        self.written.append(names)
        await self.let.wait()
        if self.is_away:
            raise TransientPortError("storage is away")
        if "bad" in names:
            raise ValueError("bad")
        return [Outcome.REPEATED if name == "again" else Outcome.HANDLED for name in names]


def received(*names: str) -> list[QueuedMessage]:
    return [QueuedMessage(message_key=name, body=b"", target=None) for name in names]


async def polled(storage: Storage, *polls: list[QueuedMessage]) -> list[Sequence[Outcome] | BaseException]:
    """How each of them ends, when all are received one after the other before anything is written."""
    gather = Gather(storage)
    asked = []
    for poll in polls:
        asked.append(asyncio.create_task(gather(poll)))
        await asyncio.sleep(0.001)
    storage.let.set()
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_what_gathers_while_writes_are_under_way_is_one_write() -> None:
    storage = Storage()

    await polled(storage, *(received(f"{poll}") for poll in range(WRITERS + 3)))

    alone, together = storage.written[:WRITERS], storage.written[WRITERS:]
    assert alone == [[f"{poll}"] for poll in range(WRITERS)]
    assert together == [[f"{poll}" for poll in range(WRITERS, WRITERS + 3)]]


async def test_each_poll_hears_of_its_own_messages() -> None:
    first, *_, third, fourth = await polled(
        Storage(), received("a"), received("b"), received("c", "again"), received("again", "d", "e")
    )

    assert first == [Outcome.HANDLED]
    assert third == [Outcome.HANDLED, Outcome.REPEATED]
    assert fourth == [Outcome.REPEATED, Outcome.HANDLED, Outcome.HANDLED]


async def test_a_write_takes_no_more_than_it_may() -> None:
    storage = Storage()
    gather = Gather(storage, most=3)
    polls = [received(f"{poll} a", f"{poll} b") for poll in range(WRITERS + 2)]
    asked = [asyncio.create_task(gather(poll)) for poll in polls]
    storage.let.set()
    await asyncio.gather(*asked)

    assert {len(write) for write in storage.written} == {2}


async def test_the_fault_of_one_poll_is_not_its_neighbours() -> None:
    fine = [received(f"{poll}") for poll in range(WRITERS + 1)]
    *well, ill = await polled(Storage(), *fine, received("bad"))

    assert well == [[Outcome.HANDLED]] * len(fine)
    assert isinstance(ill, ValueError)


async def test_while_storage_is_away_nothing_is_tried_twice() -> None:
    storage = Storage(is_away=True)

    ends = await polled(storage, *(received(f"{poll}") for poll in range(WRITERS + 2)))

    assert {type(end) for end in ends} == {TransientPortError}
    assert sum(map(len, storage.written)) == WRITERS + 2


async def test_what_is_not_written_when_the_process_ends_is_told_so() -> None:
    gather = Gather(Storage())
    asked = asyncio.create_task(gather(received("a")))
    await asyncio.sleep(0.01)
    for writing in asyncio.all_tasks() - {asked, asyncio.current_task()}:
        writing.cancel()

    with pytest.raises(TransientPortError):
        await asked
