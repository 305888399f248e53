"""What a provider says afterwards of a message that it took. Over the memory storage."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from application.escalation.advance import AdvanceEscalations
from application.incident.acknowledge import AcknowledgeIncident
from application.notification.deliver import DeliverNotification
from application.notification.lease import LeaseNotifications
from application.notification.take_receipt import Receipt, ReceiptKind, TakeReceipt
from application.ports.notifier import Delivery, Outcome
from domain.notification.bundle import BUNDLE_FROM
from domain.notification.contact import Channel
from domain.notification.events import NotificationFailed, NotificationSent
from domain.notification.notification import Notification, NotificationStatus
from domain.notification.proof import ContactProof
from domain.shared.change import Change
from domain.shared.ids import NotificationId
from tests.support.builders import (
    ADA,
    MINUTE,
    NOON,
    a_contact,
    a_page,
    a_policy,
    a_rule,
    a_service,
    a_step,
    a_town,
    an_actor,
    an_integration,
    to_user,
)
from tests.support.world import Stored, World

PHONE, MAIL = a_contact(ADA, Channel.SMS), a_contact(ADA)
ARRIVED = Receipt(ReceiptKind.ARRIVED, "Twilio: message delivered")
MISSED = Receipt(ReceiptKind.MISSED, "Twilio: call no-answer")
REFUSED = Receipt(ReceiptKind.REFUSED, "Twilio: message undelivered, code 30005")


@pytest.fixture
def world() -> Iterator[World]:
    town = a_town(
        contacts=(PHONE, MAIL),
        rules={ADA: (a_rule(PHONE),)},
        policies=(a_policy(a_step(to_user(ADA))),),
        services=(a_service(),),
        integrations=(an_integration(),),
    )
    made = World(town=town)
    yield made
    made.close()


def the(world: World) -> Stored:
    (stored,) = world.stored()
    return stored


def texted(world: World) -> Notification:
    """An incident whose page Twilio took."""
    world.trigger()
    world.work()
    (page,) = the(world).pages
    assert (page.address, page.status) == (PHONE.address, NotificationStatus.SENT)
    return page


def take(world: World, page: Notification, receipt: Receipt, *, attempt: int = 1) -> None:
    world.call(TakeReceipt, page.id, receipt, attempt=attempt)


def outcomes(world: World, address: str = PHONE.address) -> Sequence[Outcome]:
    records = [each for each in the(world).deliveries if each.notification.address == address]
    return [attempt.outcome for record in records for attempt in record.attempts]


def proof(world: World) -> ContactProof:
    return world.within(lambda ports: ports.contact_proofs.of_users({ADA}))[PHONE.id]


@pytest.mark.parametrize("receipt", [MISSED, REFUSED])
def test_a_page_that_reached_nobody_goes_at_once_to_the_next_contact(world: World, receipt: Receipt) -> None:
    page = texted(world)
    world.clock.move_to(NOON + MINUTE)
    take(world, page, receipt)
    world.work()

    first, second = the(world).pages
    assert (first.status, second.address, second.status) == (
        NotificationStatus.FAILED,
        MAIL.address,
        NotificationStatus.SENT,
    )
    assert [left.at for left in world.left if left.message.address == MAIL.address] == [NOON + MINUTE]
    assert outcomes(world) == [Outcome.DELIVERED, Outcome.UNDELIVERED]
    (failed,) = [event for event in the(world).events if isinstance(event, NotificationFailed)]
    assert (failed.notification_id, failed.detail) == (page.id, receipt.detail)


def test_only_a_number_that_takes_nothing_at_all_is_held_against_its_contact(world: World) -> None:
    page = texted(world)
    take(world, page, MISSED)
    world.work()
    assert (world.notices, proof(world).is_refusing) == ((), False)


def test_the_owner_of_a_number_that_takes_nothing_hears_of_it_elsewhere(world: World) -> None:
    page = texted(world)
    take(world, page, REFUSED)
    world.work()
    assert [(notice.title, notice.address) for _, notice in world.notices] == [
        ("Your sms contact takes no messages", MAIL.address)
    ]
    assert proof(world).refused_at == NOON


def test_what_arrived_is_a_line_in_the_ledger_and_changes_nothing_else(world: World) -> None:
    page = texted(world)
    world.clock.move_to(NOON + MINUTE)
    take(world, page, ARRIVED)

    assert the(world).pages == (page,)
    assert outcomes(world) == [Outcome.DELIVERED, Outcome.ARRIVED]
    assert proof(world).delivered_at == NOON + MINUTE


@pytest.mark.parametrize("receipt", [ARRIVED, MISSED, REFUSED])
def test_what_is_said_twice_happens_once(world: World, receipt: Receipt) -> None:
    page = texted(world)
    take(world, page, receipt)
    world.work()
    before = the(world)
    take(world, page, receipt)
    world.work()
    assert the(world) == before


def test_nobody_is_paged_instead_after_an_answer(world: World) -> None:
    page = texted(world)
    world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor(ADA))
    take(world, page, MISSED)
    world.work()
    assert [each.address for each in the(world).pages] == [PHONE.address]


def test_a_receipt_of_an_attempt_that_was_followed_by_another_says_nothing(world: World) -> None:
    world.answer_next(Channel.SMS, Delivery(outcome=Outcome.UNKNOWN))
    world.trigger()
    world.advance(MINUTE)
    before = the(world)
    assert [page.attempts for page in before.pages] == [2]
    for receipt in (ARRIVED, REFUSED):
        take(world, before.pages[0], receipt, attempt=1)
    assert the(world) == before


def test_of_what_was_never_sent_nothing_is_taken(world: World) -> None:
    world.call(TakeReceipt, NotificationId(UUID(int=404)), REFUSED, attempt=1)
    world.trigger()
    world.call(LeaseNotifications, Channel.EMAIL, limit=1)
    assert the(world).deliveries == ()


def test_a_receipt_that_comes_before_its_couriers_word_is_the_one_that_counts(world: World) -> None:
    world.trigger()
    world.call(AdvanceEscalations, limit=1)
    (bundle,) = world.call(LeaseNotifications, Channel.SMS, limit=1)
    take(world, bundle[0].notification, REFUSED)
    world.call(DeliverNotification, bundle)
    world.work()

    first, second = the(world).pages
    assert (first.status, second.status) == (NotificationStatus.FAILED, NotificationStatus.SENT)
    assert sorted(outcomes(world)) == [Outcome.DELIVERED, Outcome.UNDELIVERED]
    sent = [event.notification_id for event in the(world).events if isinstance(event, NotificationSent)]
    assert sent == [second.id]


def test_all_pages_that_one_message_spoke_for_go_on_when_it_reached_nobody(world: World) -> None:
    for number in range(BUNDLE_FROM):
        world.trigger(f"disk {number}")
    world.work()
    pages = [page for stored in world.stored() for page in stored.pages]
    carrier = min(pages, key=lambda page: page.id)
    take(world, carrier, MISSED)
    world.work()

    statuses = [(page.address, page.status) for stored in world.stored() for page in stored.pages]
    assert statuses.count((PHONE.address, NotificationStatus.FAILED)) == BUNDLE_FROM
    assert statuses.count((MAIL.address, NotificationStatus.SENT)) == BUNDLE_FROM


@pytest.mark.parametrize(
    "status", [NotificationStatus.PENDING, NotificationStatus.FAILED, NotificationStatus.CANCELLED]
)
def test_what_waits_or_is_over_is_not_undelivered(status: NotificationStatus) -> None:
    page = replace(a_page(), status=status, attempts=1)
    assert page.undelivered(detail="no-answer", at=NOON) == Change(page)
