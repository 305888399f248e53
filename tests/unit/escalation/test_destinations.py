"""Steps that tell channels and servers beside people. Over the memory storage."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from application.destination.delete_destination import DeleteDestination
from application.destination.find_refusing import FindRefusingDestinations
from application.destination.update_destination import UpdateDestination
from application.errors import ConflictError
from application.escalation.prove import ProvePolicy
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.timeline import ReadTimeline
from application.ports.destination_proofs import TriedDestination
from application.ports.notifier import Delivery, Outcome
from domain.escalation.events import EscalationStepReached
from domain.escalation.policy import EscalationPolicy, StepMode
from domain.identity.role import Role
from domain.notification.bundle import BUNDLE_FROM
from domain.notification.contact import Channel
from domain.notification.fall_back import destination_failed
from domain.notification.notification import NotificationStatus, Purpose
from domain.shared.ids import DestinationId
from domain.shared.limits import NAME_CHARACTERS
from tests.support.builders import (
    ADA,
    BEN,
    CAT,
    CREW,
    DAN,
    HOOK,
    LADDER,
    MINUTE,
    NOON,
    OPS,
    a_channel,
    a_contact,
    a_policy,
    a_service,
    a_step,
    a_town,
    a_user,
    a_webhook,
    an_actor,
    an_integration,
    to_channel,
    to_user,
    to_webhook,
)
from tests.support.world import Left, Stored, World

BESIDE = a_policy(a_step(to_user(ADA), to_channel(), to_webhook()), repeats=1)


def a_world(policy: EscalationPolicy = BESIDE) -> World:
    return World(town=a_town(policies=(policy,), services=(a_service(),), integrations=(an_integration(),)))


@pytest.fixture
def world() -> Iterator[World]:
    made = a_world()
    yield made
    made.close()


def the(world: World) -> Stored:
    (stored,) = world.stored()
    return stored


def at_channel(world: World) -> list[Left]:
    return [left for left in world.pages if left.message.destination_id == OPS]


def test_a_channel_and_a_server_are_told_at_once_and_once_beside_people(world: World) -> None:
    world.trigger()
    world.work()

    told = {(left.channel, left.message.address): left.message.destination_id for left in world.pages}
    assert told[Channel.SLACK, "C0123OPS"] == OPS
    assert told[Channel.WEBHOOK, a_webhook().address] == HOOK
    (reached,) = [event for event in the(world).events if isinstance(event, EscalationStepReached)]
    assert (reached.responders, reached.unreachable, reached.destinations) == ((ADA,), (), (OPS, HOOK))
    world.advance(4 * MINUTE)
    assert len(at_channel(world)) == 1


def test_each_round_tells_it_once_more(world: World) -> None:
    world.trigger()
    world.settle()
    assert len(at_channel(world)) == 2


def test_a_message_to_a_channel_has_no_link_that_acts_for_a_person(world: World) -> None:
    world.trigger()
    world.work()
    (left,) = at_channel(world)
    assert (left.message.user_id, left.message.acknowledge_url) == (None, None)
    assert left.message.incident_url is not None


def test_an_answer_brings_the_channels_message_up_to_date_and_stops_the_next(world: World) -> None:
    world.trigger()
    world.work()
    world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor())
    world.settle()

    assert len(at_channel(world)) == 1
    updates = [page for page in the(world).pages if page.purpose is Purpose.UPDATE and page.destination_id == OPS]
    assert [page.status for page in updates] == [NotificationStatus.SENT]


def test_a_channel_that_refuses_fails_and_nobody_is_told_instead(world: World) -> None:
    world.answer_next(Channel.SLACK, Delivery(outcome=Outcome.REJECTED, detail="is_archived"))
    world.trigger()
    world.work()

    refused = [page for page in the(world).pages if page.destination_id == OPS]
    assert [page.status for page in refused] == [NotificationStatus.FAILED]
    timeline = world.call(ReadTimeline, the(world).incident.id, limit=50, actor=an_actor())
    assert timeline.destinations == {OPS: "Ops", HOOK: "Hook"}


REFUSED = Delivery(outcome=Outcome.REJECTED, detail="Slack refused: is_archived")


def test_the_team_of_one_that_refuses_is_told_once_a_day_what_it_answered(world: World) -> None:
    world.answer_next(Channel.SLACK, REFUSED)
    world.trigger()
    world.work()

    told = [(notice.user_id, notice.title) for _, notice in world.notices]
    assert told == [(BEN, "Ops takes no messages"), (CAT, "Ops takes no messages")]
    text = world.notices[0][1].text
    assert "Slack channel of your team beside people: C0123OPS\nAnswer: Slack refused: is_archived\n" in text
    assert refusing(world) == {OPS: "Slack refused: is_archived"}

    world.advance(4 * MINUTE)
    world.answer_next(Channel.SLACK, REFUSED)
    world.advance(MINUTE)  # the second round
    assert len(at_channel(world)) == 2
    assert len(world.notices) == 2


def test_the_admins_hear_of_one_whose_team_has_nobody_who_can_be_told() -> None:
    town = a_town(
        users=(replace(a_user(ADA), role=Role.ADMIN), a_user(BEN), a_user(CAT), a_user(DAN, is_active=False)),
        contacts=(a_contact(ADA),),
        rules={},
        policies=(BESIDE,),
        services=(a_service(),),
        integrations=(an_integration(),),
    )
    world = World(town=town)
    world.answer_next(Channel.SLACK, REFUSED)
    world.trigger()
    world.work()

    assert [(notice.user_id, notice.title) for _, notice in world.notices] == [(ADA, "Ops takes no messages")]
    world.close()


def test_one_that_takes_a_message_again_or_has_another_address_refuses_no_more(world: World) -> None:
    manager = an_actor(role=Role.MANAGER, team_ids=frozenset({CREW}))
    tried = TriedDestination(OPS, a_channel().address, NOON, Outcome.REJECTED, "is_archived")
    world.write(lambda ports: ports.destination_proofs.record([tried]))
    world.call(UpdateDestination, OPS, name="Operations", address=a_channel().address, actor=manager)
    assert refusing(world) == {OPS: "is_archived"}
    world.call(UpdateDestination, OPS, name="Ops", address="C0ELSEWHERE", actor=manager)
    assert refusing(world) == {}

    world.answer_next(Channel.SLACK, REFUSED)
    world.trigger()
    world.work()
    assert refusing(world) == {OPS: "Slack refused: is_archived"}
    world.advance(5 * MINUTE)  # the second round
    assert refusing(world) == {}


def test_a_refused_update_says_nothing_of_its_destination(world: World) -> None:
    world.trigger()
    world.work()
    world.answer_next(Channel.SLACK, *[Delivery(outcome=Outcome.REJECTED, detail="message_not_found")] * 2)
    world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor())
    world.settle()

    assert refusing(world) == {}
    assert world.notices == ()


def test_a_long_name_and_a_long_answer_are_cut() -> None:
    destination = replace(a_webhook(), name="x" * NAME_CHARACTERS)
    notice = destination_failed(destination, detail="y" * 100_000, at=NOON)
    assert len(notice.title) < 160
    assert len(notice.text) < 1000
    assert destination.address not in notice.text  # a part of it is a secret
    assert destination_failed(destination, detail="", at=NOON).key == notice.key
    assert destination_failed(destination, detail="", at=NOON + timedelta(days=1)).key != notice.key


def refusing(world: World) -> dict[DestinationId, str]:
    found = world.call(FindRefusingDestinations)
    return {each.destination.id: each.proof.refusal for each in found}


def test_many_incidents_at_once_are_one_message_to_the_channel(world: World) -> None:
    for number in range(BUNDLE_FROM):
        world.trigger(f"disk {number}")
    world.work()

    (digest,) = [notice for channel, notice in world.notices if notice.destination_id == OPS]
    assert digest.title.startswith(f"{BUNDLE_FROM} incidents page this channel, the worst: ")
    assert "/v1/incidents/INC-1" in digest.text
    assert at_channel(world) == []


def test_a_policy_that_tells_channels_alone_reaches_nobody() -> None:
    policy = a_policy(a_step(to_channel(), to_webhook()))
    world = a_world(policy)
    found = world.call(ProvePolicy, policy, actor=an_actor())
    world.close()

    assert not found.holds
    assert found.counter_examples[0].gap.reasons == (
        "step 1: a channel is told, which wakes nobody",
        "step 1: a webhook is told, which wakes nobody",
        "the policy ends",
    )
    assert found.empty_steps == ()


def test_a_channel_in_turn_with_people_makes_the_proof_fail_and_beside_them_it_does_not() -> None:
    for policy, holds in (
        (a_policy(a_step(to_user(ADA), to_channel())), True),
        (a_policy(a_step(to_user(ADA), to_channel(), mode=StepMode.ROUND_ROBIN)), False),
    ):
        world = a_world(policy)
        assert world.call(ProvePolicy, policy, actor=an_actor()).holds is holds
        world.close()


def test_a_destination_that_a_policy_names_cannot_be_deleted(world: World) -> None:
    manager = an_actor(role=Role.MANAGER, team_ids=frozenset({CREW}))
    with pytest.raises(ConflictError, match=f"Ops is named by the policies Policy {LADDER.int}"):
        world.call(DeleteDestination, OPS, actor=manager)


def test_what_was_told_stays_in_the_ledger_when_its_destination_is_gone(world: World) -> None:
    world.trigger()
    world.work()
    world.write(lambda ports: ports.destinations.delete(OPS))
    world.advance(timedelta(minutes=5))

    names = {record.notification.destination_id: record.recipient_name for record in the(world).deliveries}
    assert names[OPS] == a_channel().address
    assert len(at_channel(world)) == 1  # the second round finds it no more
