import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from adapters.inbound.deadlines.breaker import FAILURES_TO_OPEN
from adapters.inbound.deadlines.courier import UNRECORDED, Courier, handing_over
from adapters.inbound.deadlines.loop import DeadlineLoop
from adapters.outbound.system.clock import ManualClock
from application.notification.lease import Bundle
from application.notification.send import Sent
from application.ports.errors import TransientPortError
from application.ports.notifications import DueNotification, Subject
from application.ports.notifier import Delivery, Outcome
from application.ports.wakeup import Wakeup
from domain.notification.contact import Channel
from domain.shared.ids import NotificationId
from tests.support.builders import NOON, a_page, an_incident


class Bell(Wakeup):
    def __init__(self) -> None:
        self.rung = asyncio.Event()

    async def wait(self, *, most: timedelta) -> None:
        try:
            async with asyncio.timeout(0.05):
                await self.rung.wait()
        except TimeoutError:
            return
        self.rung.clear()


@dataclass
class Office:
    """A storage and a channel, as a courier sees them."""

    waiting: list[DueNotification]
    answer: Outcome = Outcome.DELIVERED
    storage_fails: int = 0
    send_seconds: float = 0.0
    settle_seconds: float = 0.005
    sending: int = 0
    most_sending: int = 0
    recorded: list[list[Sent]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    observed: list[Outcome] = field(default_factory=list)
    leases: list[int] = field(default_factory=list)

    async def lease(self, channel: Channel, limit: int) -> tuple[Bundle, ...]:
        if self.storage_fails:
            self.storage_fails -= 1
            raise TransientPortError("away")
        self.leases.append(limit)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return tuple((due,) for due in taken)

    async def send(self, bundle: Bundle) -> tuple[Sent, ...]:
        (due,) = bundle
        self.sending += 1
        self.most_sending = max(self.most_sending, self.sending)
        await asyncio.sleep(self.send_seconds)
        self.sending -= 1
        if due.notification.address == "bug@example.com":
            raise RuntimeError("a bug at one message")
        return (Sent(due, Delivery(outcome=self.answer), NOON, NOON),)

    async def settle(self, batch: Sequence[Sent]) -> frozenset[NotificationId]:
        if any(sent.due.notification.address == "unstorable@example.com" for sent in batch):
            raise RuntimeError("a bug at one record")
        self.recorded.append(list(batch))
        self.news.set()
        await asyncio.sleep(self.settle_seconds)
        return frozenset(sent.due.notification.id for sent in batch)

    async def earliest(self, channel: Channel) -> datetime | None:
        return None

    def observe(self, channel: Channel, outcome: Outcome, waited: timedelta) -> None:
        self.observed.append(outcome)

    def courier(self, *, budget: int = 4) -> Courier:
        return Courier(
            channel=Channel.EMAIL,
            lease=self.lease,
            send=self.send,
            settle=self.settle,
            earliest=self.earliest,
            observe=self.observe,
            wakeup=Bell(),
            clock=ManualClock(NOON),
            budget=budget,
        )

    @property
    def settled(self) -> int:
        return sum(len(batch) for batch in self.recorded)


def due(count: int, *, address: str = "ada@example.com") -> list[DueNotification]:
    pages = [a_page(number, address=address) for number in range(count)]
    return [
        DueNotification(page, NOON, lost_lease=False, subject=Subject(an_incident(), "shop", None, None))
        for page in pages
    ]


async def run_until_settled(courier: Courier, office: Office, *, count: int) -> None:
    draining = asyncio.Event()
    running = asyncio.create_task(courier.run(draining))
    async with asyncio.timeout(10):
        while office.settled < count:
            office.news.clear()
            await office.news.wait()
    draining.set()
    async with asyncio.timeout(5):
        await running


async def test_a_courier_never_has_more_in_hand_than_its_budget() -> None:
    office = Office(due(30), send_seconds=0.01)
    await run_until_settled(office.courier(budget=4), office, count=30)
    assert office.most_sending <= 4
    assert max(office.leases) <= 4


async def test_what_ended_while_a_record_was_written_is_recorded_together() -> None:
    office = Office(due(40))
    await run_until_settled(office.courier(budget=40), office, count=40)
    assert len(office.recorded) < 10


async def test_what_is_sent_one_by_one_soon_after_a_record_shares_the_next_one() -> None:
    office = Office(due(10), send_seconds=0.002, settle_seconds=0.0)
    await run_until_settled(office.courier(budget=1), office, count=10)
    assert len(office.recorded[0]) == 1, "the first waits for nothing"
    assert len(office.recorded) < 6


async def test_draining_finishes_what_is_in_hand_and_takes_no_more() -> None:
    office = Office(due(8), send_seconds=0.1)
    courier = office.courier(budget=4)
    draining = asyncio.Event()
    running = asyncio.create_task(courier.run(draining))
    await asyncio.sleep(0.05)
    draining.set()
    async with asyncio.timeout(5):
        await running
    assert office.settled == 4
    assert len(office.waiting) == 4


async def test_storage_that_is_away_is_waited_for() -> None:
    office = Office(due(3), storage_fails=2)
    await run_until_settled(office.courier(), office, count=3)
    assert office.settled == 3


async def test_a_bug_at_one_message_costs_its_neighbours_nothing() -> None:
    office = Office([*due(1, address="bug@example.com"), *due(6)])
    await run_until_settled(office.courier(budget=2), office, count=6)
    assert office.settled == 6


async def test_a_record_that_cannot_be_stored_makes_no_repeats_of_its_neighbours() -> None:
    office = Office([*due(3), *due(1, address="unstorable@example.com"), *due(3)])
    await run_until_settled(office.courier(budget=10), office, count=6)
    assert office.settled == 6


async def test_a_channel_that_keeps_failing_is_asked_less_often() -> None:
    office = Office(due(200), answer=Outcome.RETRY)
    draining = asyncio.Event()
    running = asyncio.create_task(office.courier(budget=4).run(draining))
    await asyncio.sleep(0.5)
    draining.set()
    await running
    assert len(office.observed) < 20


async def test_a_loop_outlives_a_bug_in_a_tick_and_storage_that_is_away() -> None:
    answers: list[Exception | bool] = [RuntimeError("a bug"), TransientPortError("away"), True, False]
    ticks = 0
    done = asyncio.Event()

    async def tick() -> bool:
        nonlocal ticks
        ticks += 1
        if not answers:
            done.set()
            return False
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def earliest() -> datetime | None:
        return None

    draining = asyncio.Event()
    loop = DeadlineLoop("escalations", tick, earliest, Bell(), ManualClock(NOON))
    running = asyncio.create_task(loop.run(draining))
    async with asyncio.timeout(5):
        await done.wait()
    draining.set()
    await running
    assert ticks >= 5


async def test_what_a_tick_leased_is_sent_without_a_look_into_the_table() -> None:
    office = Office([])
    courier = office.courier(budget=4)
    draining = asyncio.Event()
    running = asyncio.create_task(courier.run(draining))
    with handing_over({Channel.EMAIL: courier}) as hands:
        assert hands.room == {Channel.EMAIL: 4}
        hands.leased = {Channel.EMAIL: tuple((each,) for each in due(3))}
    draining.set()
    async with asyncio.timeout(5):
        await running
    assert office.settled == 3


async def test_room_that_is_reserved_is_neither_leased_for_nor_reserved_again() -> None:
    office = Office(due(9))
    courier = office.courier(budget=4)
    with handing_over({Channel.EMAIL: courier}):
        assert courier.reserve() == 0
        running = asyncio.create_task(run_until_settled(courier, office, count=9))
        await asyncio.sleep(0.05)
        assert office.leases == []
    async with asyncio.timeout(10):
        await running
    assert max(office.leases) <= 4


async def test_nothing_is_taken_of_a_tick_that_failed_and_the_room_is_there_again() -> None:
    courier = Office([]).courier(budget=4)
    with pytest.raises(TransientPortError), handing_over({Channel.EMAIL: courier}):
        raise TransientPortError("the commit's answer was lost")
    assert courier.reserve() == 4


async def test_a_tick_is_given_half_of_the_room_while_more_may_wait_in_the_table() -> None:
    office = Office(due(60), send_seconds=0.01)
    courier = office.courier(budget=8)
    running = asyncio.create_task(run_until_settled(courier, office, count=60))
    await office.news.wait()
    rooms = []
    while len(office.waiting) > 20:
        room = courier.reserve()
        courier.take((), reserved=room)
        rooms.append(room)
        await asyncio.sleep(0.001)
    await running
    assert max(rooms) <= 4


async def test_a_tick_is_given_no_room_on_a_channel_that_keeps_failing_or_after_the_end() -> None:
    failing, ended = Office([]).courier(), Office([]).courier()
    for _ in range(FAILURES_TO_OPEN):
        failing.breaker.failed(now=0.0)
    assert failing.reserve() == 0
    await run_until_settled(ended, Office([]), count=0)
    assert ended.reserve() == 0


async def test_a_record_that_takes_long_does_not_keep_the_channel_idle() -> None:
    office = Office(due(12), settle_seconds=0.2)
    courier = office.courier(budget=4)
    running = asyncio.create_task(run_until_settled(courier, office, count=12))
    await asyncio.sleep(0.1)
    assert len(office.observed) == 12
    await running


async def test_what_is_sent_and_not_recorded_has_a_bound() -> None:
    office = Office(due(60), settle_seconds=0.3)
    courier = office.courier(budget=4)
    running = asyncio.create_task(run_until_settled(courier, office, count=60))
    await asyncio.sleep(0.2)
    assert len(office.observed) <= 4 * UNRECORDED
    await running
