"""What failures and answers make of a subscription, by the real use cases over memory."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from application.ports.event_deliveries import DeliveryQuery, Health
from application.ports.event_log import EventPosition
from application.ports.event_sender import Answer
from application.subscription.lease_events import LeaseEvents
from application.subscription.relay_events import RelayEvents
from application.subscription.replay_event import ReplayEvent
from application.subscription.replay_events import ReplayEvents
from application.subscription.send_events import SendEvents
from application.subscription.settle_events import SettleEvents
from application.subscription.update_subscription import UpdateSubscription
from domain.identity.role import Role
from domain.shared.ids import UserId
from domain.subscription.delivery import DeliveryStatus, EventDelivery, Verdict
from domain.subscription.retry import SWITCH_OFF_AFTER
from domain.subscription.subscription import Subscription
from tests.support.builders import ADA, BEN, CAT, MINUTE, NOON, a_town, an_actor
from tests.support.subscriptions import a_subscription
from tests.support.world import Ports, World

ADMIN = an_actor(ADA, Role.ADMIN)
TOLD = a_subscription(event_kinds=("incident.triggered", "incident.resolved"))
GONE = Answer(verdict=Verdict.GONE, detail="answered 410")
FAILED = Answer(verdict=Verdict.FAILED, detail="answered 500")
BUSY = Answer(verdict=Verdict.FAILED, detail="answered 429", retry_after=10 * MINUTE)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())

    async def subscribe(ports: Ports) -> None:
        await ports.subscriptions.save(TOLD)
        await ports.event_deliveries.begin(TOLD.id, EventPosition(0, 0))

    made.write(subscribe)
    yield made
    made.close()


def deliver(world: World, *answers: Answer) -> int:
    """How many were sent."""
    world.call(RelayEvents)
    world.event_receiver.script.extend(answers)
    sent = world.call(SendEvents, world.call(LeaseEvents, limit=10))
    world.call(SettleEvents, sent)
    return len(sent)


def present(world: World) -> Subscription:
    return world.within(lambda ports: ports.subscriptions.look_up(TOLD.id))


def health(world: World) -> Health:
    return world.within(lambda ports: ports.event_deliveries.health_of([TOLD.id]))[TOLD.id]


def log(world: World) -> tuple[EventDelivery, ...]:
    return world.within(lambda ports: ports.event_deliveries.list(DeliveryQuery(subscription_id=TOLD.id))).items


def told_of_it(world: World) -> set[UserId]:
    """Who gets the notice, on whichever channel."""
    world.advance_to(world.clock.now())
    notices = [notice for _, notice in world.notices if "Switched off" in notice.title]
    return {notice.user_id for notice in notices if notice.user_id is not None}


def test_a_receiver_that_is_gone_is_switched_off_at_once_and_its_team_is_told(world: World) -> None:
    world.trigger()
    deliver(world, GONE)
    assert present(world).is_enabled is False
    assert "gone" in present(world).disabled_reason
    assert told_of_it(world) == {BEN, CAT}
    assert [each.status for each in log(world)] == [DeliveryStatus.PENDING]


def test_three_days_of_failures_switch_it_off_and_one_delivery_begins_the_count_anew(world: World) -> None:
    world.trigger()
    deliver(world, FAILED)
    assert health(world).failing_since == NOON
    world.clock.move_to(NOON + SWITCH_OFF_AFTER - MINUTE)
    deliver(world, Answer(verdict=Verdict.DELIVERED))
    assert health(world).failing_since is None
    world.resolve()
    deliver(world, FAILED)
    world.clock.move_to(NOON + SWITCH_OFF_AFTER + MINUTE)
    deliver(world, FAILED)
    assert present(world).is_enabled
    world.clock.move_to(NOON + 2 * SWITCH_OFF_AFTER)
    deliver(world, FAILED)
    assert "3 days" in present(world).disabled_reason


def test_a_receiver_that_asks_for_time_is_left_alone_with_everything(world: World) -> None:
    world.trigger("disk")
    deliver(world, BUSY)
    world.trigger("mail")
    assert deliver(world) == 0
    world.clock.move_to(NOON + 10 * MINUTE)
    assert deliver(world) == 2


@pytest.mark.parametrize(("skip_missed", "heard"), [(False, 2), (True, 1)])
def test_switched_on_it_is_told_what_it_missed_unless_that_is_skipped(
    world: World, skip_missed: bool, heard: int
) -> None:
    world.trigger("disk")
    deliver(world, GONE)
    world.trigger("mail")
    off = present(world)
    world.call(
        UpdateSubscription,
        off.id,
        name=off.name,
        address=off.address,
        event_kinds=off.event_kinds,
        is_enabled=True,
        skip_missed=skip_missed,
        actor=ADMIN,
    )
    assert deliver(world) == heard


def test_what_was_given_up_can_be_replayed_alone_and_by_interval(world: World) -> None:
    world.trigger()
    deliver(world, FAILED)
    world.clock.move_to(NOON + timedelta(hours=24))
    deliver(world, FAILED)
    (given_up,) = log(world)
    assert given_up.status is DeliveryStatus.FAILED
    world.call(ReplayEvent, TOLD.id, given_up.id, actor=ADMIN)
    assert deliver(world) == 1
    replayed = world.call(ReplayEvents, TOLD.id, since=NOON, until=NOON + MINUTE, only_failed=False, actor=ADMIN)
    assert (replayed.deliveries, replayed.next_since) == (1, None)
    assert deliver(world) == 1
    assert [each.delivery.id for each in world.event_receiver.arrived] == [given_up.id] * 2
