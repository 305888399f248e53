"""Pages that a tick hands to the couriers of its own process, leased in the transaction that made them."""

from collections.abc import Iterator

import pytest

from application.escalation.advance import AdvanceEscalations
from application.notification.deliver import DeliverNotification
from application.notification.lease import LEASE, Bundle, LeaseNotifications, Room
from application.ports.notifier import Outcome
from domain.escalation.policy import WhenExhausted
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.throttle import MESSAGES_PER_WINDOW, WINDOW
from tests.support.builders import (
    ADA,
    LOOP,
    MINUTE,
    a_contact,
    a_policy,
    a_rule,
    a_service,
    a_step,
    a_town,
    an_integration,
    to_user,
)
from tests.support.world import BUDGET, World

EMAIL: Room = {Channel.EMAIL: BUDGET}


@pytest.fixture
def world() -> Iterator[World]:
    """Everything pages Ada by e-mail, at once."""
    policies = (a_policy(a_step(to_user(), delay=5 * MINUTE)), a_policy(a_step(to_user()), policy_id=LOOP))
    made = World(town=a_town(contacts=(a_contact(),), rules={}, policies=policies))
    yield made
    made.close()


def pages(world: World) -> list[Notification]:
    return [page for stored in world.stored() for page in stored.pages if page.purpose is Purpose.PAGE]


def leased(world: World, room: Room = EMAIL) -> tuple[Bundle, ...]:
    return world.call(AdvanceEscalations, room=room).leased.get(Channel.EMAIL, ())


def test_a_page_that_leaves_at_once_is_leased_by_the_tick_that_makes_it_and_by_nobody_else(world: World) -> None:
    world.trigger()
    ((due,),) = leased(world)
    (page,) = pages(world)
    assert due.notification == page
    assert (page.status, page.attempts) == (NotificationStatus.SENDING, 1)
    assert page.next_deadline == world.clock.now() + LEASE
    assert world.call(LeaseNotifications, Channel.EMAIL, limit=BUDGET) == ()


def test_it_says_what_a_page_says_that_its_courier_has_leased(world: World) -> None:
    world.trigger("disk")
    ((handed_over,),) = leased(world)
    world.trigger("load")
    assert leased(world, {}) == ()
    ((from_table,),) = world.call(LeaseNotifications, Channel.EMAIL, limit=BUDGET)
    assert handed_over.subject is not None
    assert from_table.subject is not None
    alike = from_table.subject.incident
    assert handed_over.subject._replace(incident=alike) == from_table.subject
    assert handed_over._replace(notification=from_table.notification, subject=None) == from_table._replace(subject=None)


@pytest.mark.parametrize("room", [{}, {Channel.EMAIL: 0}, {Channel.SMS: BUDGET}])
def test_what_no_courier_has_room_for_waits_in_the_table(world: World, room: Room) -> None:
    world.trigger()
    assert leased(world, room) == ()
    (page,) = pages(world)
    assert page.status is NotificationStatus.PENDING


def test_a_page_that_leaves_later_waits_in_the_table() -> None:
    rules = {ADA: (a_rule(a_contact(), after=MINUTE),)}
    world = World(town=a_town(contacts=(a_contact(),), rules=rules))
    world.trigger()
    assert leased(world) == ()
    (page,) = pages(world)
    assert (page.status, page.next_deadline) == (NotificationStatus.PENDING, world.clock.now() + MINUTE)
    world.close()


def test_while_incidents_are_resolved_which_may_fail_nothing_is_handed_over() -> None:
    policy = a_policy(a_step(to_user(), delay=5 * MINUTE), when_exhausted=WhenExhausted.RESOLVE)
    world = World(
        town=a_town(
            contacts=(a_contact(),),
            rules={},
            policies=(policy,),
            services=(a_service(),),
            integrations=(an_integration(),),
        )
    )
    world.trigger("disk")
    assert len(leased(world)) == 1
    world.clock.move_to(world.clock.now() + 5 * MINUTE)
    world.trigger("load")
    assert leased(world) == ()
    assert [page.status for page in pages(world)].count(NotificationStatus.PENDING) == 1
    world.close()


def test_no_courier_is_given_more_than_it_has_room_for(world: World) -> None:
    world.trigger("disk")
    world.trigger("load")
    assert len(leased(world, {Channel.EMAIL: 1})) == 1
    assert sorted(page.status for page in pages(world)) == [NotificationStatus.PENDING, NotificationStatus.SENDING]


def test_pages_of_one_tick_that_nobody_can_answer_one_by_one_are_one_message(world: World) -> None:
    for number in range(6):
        world.trigger(f"disk-{number}")
    (bundle,) = leased(world, {Channel.EMAIL: 1})
    assert len(bundle) == 6


def test_what_is_more_than_a_contact_takes_in_a_minute_waits(world: World) -> None:
    for number in range(MESSAGES_PER_WINDOW + 1):
        world.trigger(f"disk-{number}")
        for bundle in leased(world):
            world.call(DeliverNotification, bundle)
    assert len(world.left) == MESSAGES_PER_WINDOW
    (held,) = [page for page in pages(world) if page.status is NotificationStatus.PENDING]
    assert (held.attempts, held.next_deadline) == (0, world.clock.now() + WINDOW)
    outcomes = [each.outcome for stored in world.stored() for record in stored.deliveries for each in record.attempts]
    assert outcomes.count(Outcome.HELD) == 1


def test_a_courier_that_is_lost_with_a_page_in_its_hands_leaves_a_doubt_that_the_next_message_states(
    world: World,
) -> None:
    world.trigger()
    leased(world)
    world.advance(LEASE)
    (left,) = world.left
    assert left.message.may_be_repeat


def test_an_answer_that_comes_before_the_message_leaves_keeps_it_back(world: World) -> None:
    world.trigger()
    (bundle,) = leased(world)
    world.acknowledge()
    world.clock.move_to(world.clock.now() + MINUTE / 30)  # a courier that was held up
    world.call(DeliverNotification, bundle)
    assert world.left == ()
    (page,) = pages(world)
    assert page.status is NotificationStatus.CANCELLED
