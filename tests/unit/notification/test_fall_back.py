from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.notifier import Delivery, Outcome
from domain.notification.contact import Channel, Contact
from domain.notification.fall_back import FALL_BACK_POSITION, contact_failed, fall_back
from domain.notification.notification import Notification, NotificationStatus
from domain.notification.rule import PlannedNotification
from domain.shared.limits import CONTACTS_PER_USER, RULES_PER_URGENCY
from domain.shared.urgency import Urgency
from tests.support.builders import ADA, BEN, MINUTE, NOON, a_contact, a_page, a_policy, a_rule, a_step, a_town, to_user
from tests.support.world import World

MAIL, OTHER_MAIL, CHAT = a_contact(ADA), a_contact(ADA, number=1), a_contact(ADA, Channel.SLACK)
FAILED = NotificationStatus.FAILED


def page_to(contact: Contact, *, position: int = 0, after: timedelta = timedelta(0), **more: object) -> Notification:
    return replace(
        a_page(position + 1, due_at=NOON + after),
        channel=contact.channel,
        address=contact.address,
        rule_position=position,
        **more,  # type: ignore[arg-type]
    )


def next_of(refused: Notification, *step: Notification, contacts: Sequence[Contact]) -> PlannedNotification | None:
    rules = (a_rule(CHAT, position=1), a_rule(MAIL))
    return fall_back(refused, contacts, rules, step=(refused, *step), urgency=Urgency.HIGH, at=NOON)


def test_a_refused_page_goes_at_once_to_the_next_contact_of_the_rules() -> None:
    plan = next_of(page_to(MAIL, status=FAILED), contacts=(OTHER_MAIL, MAIL, CHAT))

    assert plan == PlannedNotification(FALL_BACK_POSITION, Channel.SLACK, CHAT.address, NOON)


def test_contacts_that_no_rule_names_come_last() -> None:
    refused = page_to(CHAT, position=1, status=FAILED)
    plan = next_of(refused, page_to(MAIL, status=FAILED), contacts=(OTHER_MAIL, MAIL, CHAT))

    assert plan == PlannedNotification(FALL_BACK_POSITION + 1, Channel.EMAIL, OTHER_MAIL.address, NOON)


def test_a_contact_that_is_due_has_been_tried_and_one_whose_rule_is_still_to_come_has_not() -> None:
    refused = page_to(MAIL, status=FAILED)
    due, later = page_to(CHAT, position=1), page_to(CHAT, position=1, after=MINUTE)

    assert next_of(refused, due, contacts=(MAIL, CHAT)) is None
    plan = next_of(refused, later, contacts=(MAIL, CHAT))
    assert plan is not None
    assert plan.address == CHAT.address


def test_when_every_contact_was_tried_there_is_no_fall_back() -> None:
    sent = page_to(CHAT, position=1, status=NotificationStatus.SENT)
    assert next_of(page_to(MAIL, status=FAILED), sent, contacts=(MAIL, CHAT)) is None


def test_a_contact_that_is_not_verified_stands_in_for_none_while_there_is_one_that_is() -> None:
    mail, other = (replace(each, verified_at=NOON) for each in (MAIL, OTHER_MAIL))
    plan = next_of(page_to(mail, status=FAILED), contacts=(CHAT, mail, other))
    assert plan is not None
    assert plan.address == OTHER_MAIL.address
    assert next_of(page_to(mail, status=FAILED), contacts=(CHAT, mail)) is None


def test_positions_of_fall_backs_are_above_those_of_rules_and_fit_into_their_column() -> None:
    assert max(RULES_PER_URGENCY, CONTACTS_PER_USER) <= FALL_BACK_POSITION
    assert FALL_BACK_POSITION * (CONTACTS_PER_USER + 1) < 2**15


def test_the_owner_is_told_once_a_day_what_the_provider_said() -> None:
    notice = contact_failed(MAIL, detail="550 no such user", at=NOON)

    assert notice.title == "Your e-mail address takes no messages"
    assert "550 no such user" in notice.text
    assert MAIL.address in notice.text
    assert contact_failed(MAIL, detail="again", at=NOON + 11 * 60 * MINUTE).key == notice.key
    assert contact_failed(MAIL, detail="again", at=NOON + 12 * 60 * MINUTE).key != notice.key


def test_a_long_answer_of_a_provider_is_cut() -> None:
    assert len(contact_failed(MAIL, detail="x" * 100_000, at=NOON).text) < 1000


@pytest.fixture
def world() -> Iterator[World]:
    town = a_town(
        contacts=(MAIL, OTHER_MAIL, CHAT, a_contact(BEN)),
        rules={ADA: (a_rule(MAIL),)},
        policies=(a_policy(a_step(to_user(ADA))),),
        services=a_town().services[:1],
        integrations=a_town().integrations[:1],
    )
    made = World(town=town)
    yield made
    made.close()


def test_the_owner_hears_on_every_other_contact_and_the_page_has_gone_on(world: World) -> None:
    world.refuse(MAIL, OTHER_MAIL)
    world.trigger()
    world.work()

    assert [each.message.address for each in world.pages] == [MAIL.address, OTHER_MAIL.address, CHAT.address]
    assert {each.at for each in world.pages} == {NOON}
    told = [(notice.title, notice.text.splitlines()[0], notice.address) for _, notice in world.notices]
    assert sorted(told) == [
        ("Your e-mail address takes no messages", MAIL.address, CHAT.address),
        ("Your e-mail address takes no messages", OTHER_MAIL.address, CHAT.address),
    ]


def test_two_contacts_that_refuse_at_once_fall_back_to_the_third_once(world: World) -> None:
    world.write(lambda ports: ports.users.save_reachability(ADA, (MAIL, OTHER_MAIL, CHAT), (a_rule(MAIL), second)))
    world.refuse(MAIL, OTHER_MAIL)
    world.trigger()
    world.work()

    assert [each.message.address for each in world.pages].count(CHAT.address) == 1


second = a_rule(OTHER_MAIL, position=1)


def test_a_page_that_fails_but_may_work_again_does_not_fall_back(world: World) -> None:
    world.answer_next(Channel.EMAIL, Delivery(outcome=Outcome.RETRY), Delivery(outcome=Outcome.UNKNOWN))
    world.trigger()
    world.work()

    assert {each.message.address for each in world.pages} == {MAIL.address}
    assert world.notices == ()


def test_somebody_without_another_contact_has_none_to_fall_back_to(world: World) -> None:
    world.write(lambda ports: ports.users.save_reachability(ADA, (MAIL,), ()))
    world.refuse(MAIL)
    world.trigger()
    world.work()

    assert [each.message.address for each in world.pages] == [MAIL.address]
    assert world.notices == ()


def test_what_an_owner_is_told_names_the_kind_of_contact_the_answer_and_what_to_do() -> None:
    refused = contact_failed(CHAT, detail="", at=NOON)
    assert refused.title == "Your slack contact takes no messages"
    assert refused.text.splitlines() == [
        CHAT.address,
        "Answer: no reason was given",
        "Pages for it go to your other contacts. Correct it, or take it out of your contacts.",
    ]


def test_a_page_that_waits_for_another_try_has_been_tried() -> None:
    refused, waiting = page_to(MAIL, status=FAILED), page_to(CHAT, position=1, after=MINUTE, attempts=1)
    assert next_of(refused, waiting, contacts=(MAIL, CHAT)) is None


def test_a_page_that_is_with_a_courier_has_been_tried() -> None:
    sending = page_to(CHAT, position=1, after=MINUTE, status=NotificationStatus.SENDING)
    assert next_of(page_to(MAIL, status=FAILED), sending, contacts=(MAIL, CHAT)) is None


def test_somebody_whose_one_contact_nothing_can_reach_is_paged_by_the_others(world: World) -> None:
    broken = replace(CHAT, address="#ops")
    world.write(lambda ports: ports.users.save_reachability(ADA, (broken, MAIL), (a_rule(broken),)))
    world.refuse(broken)
    world.trigger()
    world.work()

    assert [each.message.address for each in world.pages] == ["#ops", MAIL.address]
