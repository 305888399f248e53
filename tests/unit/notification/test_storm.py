"""What a person gets in a storm, and after an outage: few messages, which speak for every page."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from application.escalation.advance import AdvanceEscalations
from application.ports.notifier import Delivery, NoticeMessage, Outcome
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.throttle import MESSAGES_PER_WINDOW, WINDOW
from tests.support.builders import ADA, LOOP, MINUTE, a_contact, a_policy, a_step, a_town, to_user
from tests.support.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """Everything pages Ada, who reads e-mail, three times at intervals of five minutes."""
    policy = a_policy(a_step(to_user(), delay=5 * MINUTE), repeats=2)
    bank = a_policy(a_step(to_user()), policy_id=LOOP)
    made = World(town=a_town(contacts=(a_contact(),), rules={}, policies=(policy, bank)))
    yield made
    made.close()


def pages(world: World) -> list[Notification]:
    return [page for stored in world.stored() for page in stored.pages if page.purpose is Purpose.PAGE]


def digests(world: World) -> list[NoticeMessage]:
    return [notice for _, notice in world.notices]


def test_a_storm_is_one_message_that_names_every_incident_the_worst_first(world: World) -> None:
    for number in range(6):
        world.trigger(f"disk-{number}", summary=f"disk {number} is full")
    world.work()

    assert world.left == ()
    (digest,) = digests(world)
    assert digest.user_id == ADA
    assert digest.title.startswith("6 incidents page you, the worst: SEV1 INC-")
    assert all(f"disk {number} is full" in digest.text for number in range(6))
    assert digest.text.count("/a/") == 6
    assert {page.status for page in pages(world)} == {NotificationStatus.SENT}
    assert len(digest.speaks_for) == 6


def test_what_is_more_than_a_contact_takes_in_a_minute_waits_and_goes_as_one(world: World) -> None:
    for number in range(MESSAGES_PER_WINDOW + 4):
        world.trigger(f"disk-{number}")
        world.advance(timedelta(seconds=2))
    assert len(world.left) == MESSAGES_PER_WINDOW
    assert digests(world) == []

    world.advance(WINDOW)
    (digest,) = digests(world)
    assert len(digest.speaks_for) == 4
    held = [each for stored in world.stored() for record in stored.deliveries for each in record.attempts[:-1]]
    assert {each.outcome for each in held} == {Outcome.HELD}
    assert len(held) == 4
    assert held[0].detail.startswith("until 12:01:00 UTC, since this contact has had 5 messages in 60 s")


def without_couriers(world: World, span: timedelta) -> None:
    """Steps come in time, and nothing leaves."""
    end = world.clock.now() + span
    while world.clock.now() < end:
        world.call(AdvanceEscalations)
        world.clock.move_to(world.clock.now() + MINUTE)


def test_after_an_outage_the_pages_of_one_incident_are_one_message_about_it(world: World) -> None:
    world.trigger()
    without_couriers(world, 14 * MINUTE)
    world.work()

    (left,) = world.left
    assert digests(world) == []
    told = {left.message.notification_id, *left.message.speaks_for}
    assert told == {page.id for page in pages(world)}
    assert len(told) == 3
    assert {page.status for page in pages(world)} == {NotificationStatus.SENT}


def test_after_an_outage_the_pages_of_several_incidents_are_one_digest(world: World) -> None:
    world.trigger("disk")
    world.trigger("load")
    without_couriers(world, 4 * MINUTE)
    world.work()

    assert world.left == ()
    (digest,) = digests(world)
    assert digest.title.startswith("2 incidents page you")


def test_after_an_outage_an_incident_that_was_answered_meanwhile_pages_nobody(world: World) -> None:
    world.trigger("disk")
    world.trigger("load")
    without_couriers(world, 4 * MINUTE)
    world.acknowledge("disk")
    world.resolve("load")
    world.work()

    assert (world.left, digests(world)) == ((), [])


def test_a_message_for_several_pages_that_fails_is_tried_again_for_all_of_them(world: World) -> None:
    for number in range(4):
        world.trigger(f"disk-{number}")
    world.answer_next(Channel.EMAIL, Delivery(outcome=Outcome.UNKNOWN, detail="no answer"))
    world.work()
    assert {page.status for page in pages(world)} == {NotificationStatus.PENDING}

    world.advance(MINUTE)
    assert {page.status for page in pages(world)} == {NotificationStatus.SENT}
    assert all(digest.may_be_repeat for digest in digests(world))
