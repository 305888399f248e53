"""A write takes all of a crowd, and nobody waits for a crowd that is not there."""

import asyncio
from dataclasses import dataclass, field

from adapters.inbound.intake.pace import CROWD, GATHER_SECONDS, SLOW_SECONDS, WORTH_A_WRITE, Pace


@dataclass
class Looks:
    count: int = 0

    def __call__(self) -> None:
        self.count += 1


@dataclass
class Senders:
    """Some write or other, and how often somebody was told to look again."""

    looks: Looks = field(default_factory=Looks)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.looks)

    def write(self, events: int, *, waiting: int = 0) -> None:
        self.pace.begin(events, waiting=waiting)()


async def test_a_lone_event_waits_for_nothing() -> None:
    at = Senders()
    for _ in range(3):
        assert at.pace.may_begin(1)
        at.write(1)


async def test_fewer_than_a_crowd_do_not_wait_for_each_other() -> None:
    at = Senders()
    at.write(CROWD - 1)
    assert at.pace.may_begin(1)


async def test_those_who_are_back_first_wait_for_the_rest_of_the_crowd() -> None:
    at = Senders()
    at.write(8)
    assert not any(at.pace.may_begin(waiting) for waiting in range(1, 8))
    assert at.pace.may_begin(8)


async def test_a_crowd_is_what_is_written_and_what_waits_meanwhile() -> None:
    at = Senders()
    at.write(3, waiting=4)
    assert not at.pace.may_begin(6)
    assert at.pace.may_begin(7)


async def test_the_rest_of_a_crowd_is_waited_for_for_a_moment_only() -> None:
    at = Senders()
    at.write(8)
    assert not at.pace.may_begin(1)
    assert not at.pace.may_begin(2)
    await asyncio.sleep(1.5 * GATHER_SECONDS)
    assert at.looks.count == 1, "one look for all of them"
    assert at.pace.may_begin(2)


async def test_enough_for_a_write_wait_for_nobody() -> None:
    at = Senders()
    at.write(10 * WORTH_A_WRITE)
    assert at.pace.may_begin(WORTH_A_WRITE)


async def test_a_crowd_that_has_gone_is_forgotten() -> None:
    at = Senders()
    at.write(8)
    writes = 0
    while not at.pace.may_begin(1):
        at.write(1)
        writes += 1
    assert writes == 16


async def test_beside_writes_under_way_as_many_must_have_gathered_for_each() -> None:
    at = Senders()
    ends = [at.pace.begin(1, waiting=0) for _ in range(2)]
    assert not at.pace.may_begin(2 * WORTH_A_WRITE - 1)
    assert at.pace.may_begin(2 * WORTH_A_WRITE)
    ends[0]()
    assert at.pace.may_begin(WORTH_A_WRITE)


async def test_a_slow_write_is_not_waited_for() -> None:
    at = Senders()
    end = at.pace.begin(1, waiting=0)
    assert not at.pace.may_begin(1)
    await asyncio.sleep(1.5 * SLOW_SECONDS)
    assert at.looks.count == 1
    assert at.pace.may_begin(1)
    end()
    at.pace.begin(1, waiting=0)
    assert not at.pace.may_begin(1), "its end was counted once"
