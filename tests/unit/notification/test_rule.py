from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notification.contact import Channel, Contact
from domain.notification.notice import NoticeKind
from domain.notification.rule import PlannedNotification, applying, planned, told_on
from domain.shared.errors import InvalidValueError
from domain.shared.urgency import Urgency
from tests.support import strategies
from tests.support.builders import ADA, BEN, MINUTE, NOON, a_contact, a_rule

MAIL, CHAT = a_contact(ADA), a_contact(ADA, Channel.SLACK)


def test_each_rule_tells_its_contact_after_its_delay() -> None:
    rules = (a_rule(MAIL, after=MINUTE, position=0), a_rule(CHAT, position=1))

    assert planned((MAIL, CHAT), rules, urgency=Urgency.HIGH, at=NOON) == (
        PlannedNotification(1, Channel.SLACK, CHAT.address, NOON),
        PlannedNotification(0, Channel.EMAIL, MAIL.address, NOON + MINUTE),
    )


def test_rules_of_the_other_urgency_do_not_count() -> None:
    rules = (a_rule(MAIL), a_rule(CHAT, position=1, urgency=Urgency.LOW))

    (plan,) = planned((MAIL, CHAT), rules, urgency=Urgency.LOW, at=NOON)
    assert plan.channel is Channel.SLACK


def test_who_has_no_rule_for_the_urgency_is_told_at_once_on_every_contact() -> None:
    rules = (a_rule(MAIL, after=MINUTE, urgency=Urgency.LOW),)

    assert planned((CHAT, MAIL), rules, urgency=Urgency.HIGH, at=NOON) == (
        PlannedNotification(0, Channel.EMAIL, MAIL.address, NOON),
        PlannedNotification(1, Channel.SLACK, CHAT.address, NOON),
    )


def test_who_has_only_rules_for_contacts_that_are_gone_is_told_at_once_on_those_that_are_left() -> None:
    rules = (a_rule(a_contact(BEN), after=MINUTE),)

    (plan,) = planned((MAIL,), rules, urgency=Urgency.HIGH, at=NOON)
    assert (plan.address, plan.due_at) == (MAIL.address, NOON)


def test_one_contact_can_be_told_twice() -> None:
    rules = (a_rule(MAIL), a_rule(MAIL, after=MINUTE, position=1))

    assert [plan.due_at for plan in planned((MAIL,), rules, urgency=Urgency.HIGH, at=NOON)] == [NOON, NOON + MINUTE]


def test_who_has_no_contact_cannot_be_told() -> None:
    assert planned((), (), urgency=Urgency.HIGH, at=NOON) == ()


def verified(contact: Contact) -> Contact:
    return replace(contact, verified_at=NOON)


def test_a_contact_that_is_not_verified_does_not_count_beside_one_that_is() -> None:
    rules = (a_rule(CHAT), a_rule(MAIL, after=MINUTE, position=1))

    (plan,) = planned((verified(MAIL), CHAT), rules, urgency=Urgency.HIGH, at=NOON)
    assert (plan.channel, plan.due_at) == (Channel.EMAIL, NOON + MINUTE)


def test_who_has_rules_for_unverified_contacts_alone_is_told_at_once_on_the_verified_ones() -> None:
    (plan,) = planned((verified(MAIL), CHAT), (a_rule(CHAT, after=MINUTE),), urgency=Urgency.HIGH, at=NOON)
    assert (plan.channel, plan.due_at) == (Channel.EMAIL, NOON)


def test_who_has_no_verified_contact_at_all_is_told_all_the_same() -> None:
    rules = (a_rule(MAIL, after=MINUTE), a_rule(CHAT, position=1))

    assert len(planned((MAIL, CHAT), rules, urgency=Urgency.HIGH, at=NOON)) == 2
    assert len(planned((MAIL, CHAT), (), urgency=Urgency.HIGH, at=NOON)) == 2


@given(reachable=strategies.reachabilities(), urgency=strategies.urgencies)
def test_no_unverified_contact_is_told_while_there_is_a_verified_one(
    reachable: strategies.Reachable, urgency: Urgency
) -> None:
    contacts, rules = reachable
    told = {(plan.channel, plan.address) for plan in planned(contacts, rules, urgency=urgency, at=NOON)}
    proved = {(contact.channel, contact.address) for contact in contacts if contact.verified_at is not None}

    assert not proved or told <= proved


@given(reachable=strategies.reachabilities(), urgency=strategies.urgencies)
def test_nobody_with_a_contact_is_ever_left_out_and_no_position_comes_twice(
    reachable: strategies.Reachable, urgency: Urgency
) -> None:
    contacts, rules = reachable
    plans = planned(contacts, rules, urgency=urgency, at=NOON)

    assert bool(plans) == bool(contacts)
    assert len({plan.rule_position for plan in plans}) == len(plans)
    assert [plan.due_at for plan in plans] == sorted(plan.due_at for plan in plans)


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_a_rules_delay_is_from_nothing_to_a_week(delay: timedelta) -> None:
    with pytest.raises(InvalidValueError, match=r"delay: is .* allowed are 0 to 604800"):
        a_rule(MAIL, after=delay)


def test_a_notice_goes_to_the_contact_that_is_first_when_nothing_is_urgent() -> None:
    rules = (
        a_rule(MAIL, urgency=Urgency.HIGH),
        a_rule(MAIL, urgency=Urgency.LOW, after=MINUTE),
        a_rule(CHAT, urgency=Urgency.LOW, position=1),
    )

    assert told_on((MAIL, CHAT), rules, kind=NoticeKind.SHIFT_STARTED) == (CHAT,)


def test_a_notice_for_somebody_without_such_a_rule_goes_to_the_first_contact() -> None:
    assert told_on((CHAT, MAIL), (a_rule(CHAT),), kind=NoticeKind.SHIFT_STARTED) == (MAIL,)


@pytest.mark.parametrize("kind", [NoticeKind.CONTACT_FAILED, NoticeKind.STALLED, NoticeKind.DRILL])
def test_an_urgent_notice_goes_everywhere(kind: NoticeKind) -> None:
    assert told_on((CHAT, MAIL), (a_rule(CHAT, urgency=Urgency.LOW),), kind=kind) == (MAIL, CHAT)


@given(reachable=strategies.reachabilities(), kind=st.sampled_from(NoticeKind))
def test_nobody_with_a_contact_is_left_without_a_notice(reachable: strategies.Reachable, kind: NoticeKind) -> None:
    contacts, rules = reachable
    told = told_on(contacts, rules, kind=kind)

    assert bool(told) == bool(contacts)
    assert set(told) <= set(contacts)


@pytest.mark.parametrize("kind", [NoticeKind.SHIFT_STARTED, NoticeKind.DRILL])
def test_a_notice_goes_to_no_unverified_contact_beside_a_verified_one(kind: NoticeKind) -> None:
    rules = (a_rule(MAIL, urgency=Urgency.LOW),)
    assert told_on((MAIL, verified(CHAT)), rules, kind=kind) == (verified(CHAT),)


def test_a_rule_for_an_unverified_contact_does_not_apply_beside_a_verified_one() -> None:
    rule = a_rule(CHAT)
    assert applying((verified(MAIL), CHAT), (rule,), urgency=Urgency.HIGH) == ()
    assert applying((MAIL, CHAT), (rule,), urgency=Urgency.HIGH) == (rule,)
