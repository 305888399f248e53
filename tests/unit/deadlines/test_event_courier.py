import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from adapters.inbound.deadlines.breaker import FAILURES_TO_OPEN
from adapters.inbound.deadlines.event_courier import EventCourier
from adapters.outbound.system.clock import ManualClock
from application.ports.event_deliveries import LeasedDelivery
from application.ports.wakeup import Wakeup
from application.subscription.send_events import Sent
from domain.shared.ids import SubscriptionId
from domain.subscription.delivery import Attempt, Verdict
from tests.support.builders import NOON
from tests.support.leased import a_leased_delivery


class Nap(Wakeup):
    async def wait(self, *, most: timedelta) -> None:
        await asyncio.sleep(0.001)


class Desk:
    """What a courier is given, one after the other, and what it does with it."""

    def __init__(self, *leased: LeasedDelivery, verdict: Verdict = Verdict.DELIVERED) -> None:
        self.waiting = list(leased)
        self.verdict = verdict
        self.settled: list[Sent] = []
        self.left_out: list[frozenset[SubscriptionId]] = []
        self.draining = asyncio.Event()

    async def lease(self, limit: int, without: Collection[SubscriptionId]) -> tuple[LeasedDelivery, ...]:
        self.left_out.append(frozenset(without))
        if not self.waiting or without:
            self.draining.set()
            return ()
        return (self.waiting.pop(0),)

    async def send(self, batch: Sequence[LeasedDelivery]) -> tuple[Sent, ...]:
        return tuple(Sent(each, Attempt(NOON, NOON, self.verdict, "said")) for each in batch)

    async def settle(self, batch: Sequence[Sent]) -> int:
        self.settled += batch
        return len(batch)

    async def earliest(self) -> datetime | None:
        return None

    def courier(self) -> EventCourier:
        return EventCourier(
            lease=self.lease,
            send=self.send,
            settle=self.settle,
            earliest=self.earliest,
            most=lambda _: 1,
            observe=lambda _, __: None,
            wakeup=Nap(),
            clock=ManualClock(NOON),
        )


async def test_what_is_in_hand_when_it_drains_is_sent_and_settled() -> None:
    desk = Desk(a_leased_delivery(1), a_leased_delivery(2))
    await desk.courier().run(desk.draining)
    assert [each.attempt.verdict for each in desk.settled] == [Verdict.DELIVERED] * 2


async def test_a_destination_that_only_fails_is_left_out_for_a_while() -> None:
    desk = Desk(*(a_leased_delivery(number) for number in range(1, 20)), verdict=Verdict.FAILED)
    await desk.courier().run(desk.draining)
    assert len(desk.settled) >= FAILURES_TO_OPEN
    assert desk.left_out[-1] == {a_leased_delivery().subscription.id}
    assert desk.waiting
