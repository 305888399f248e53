from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.errors import NotFoundError
from application.identity.team_readiness import TeamReadiness
from domain.identity.role import Role
from domain.notification.contact import Channel, Contact
from domain.notification.proof import ContactProof
from domain.notification.readiness import Found, ReadinessFinding, findings
from domain.notification.rule import planned
from domain.shared.ids import ContactId, TeamId
from domain.shared.urgency import Urgency
from tests.support import strategies
from tests.support.builders import ADA, BEN, CAT, CREW, DAN, MINUTE, NOON, a_contact, a_town, an_actor
from tests.support.world import Ports, World

MAIL, CHAT = (replace(contact, verified_at=NOON) for contact in (a_contact(ADA), a_contact(ADA, Channel.SLACK)))
PROVEN = ContactProof(contact_id=MAIL.id, confirmed_at=NOON)


def found(contacts: Sequence[Contact], *proofs: ContactProof) -> tuple[Found, ...]:
    return findings(contacts, {proof.contact_id: proof for proof in proofs})


def test_two_channels_of_which_one_is_proven_are_ready() -> None:
    assert found((MAIL, CHAT), PROVEN) == ()


def test_somebody_without_a_contact_has_no_other_finding() -> None:
    assert found(()) == (Found(ReadinessFinding.NO_CONTACT),)


def test_a_contact_whose_address_nothing_can_reach_is_named() -> None:
    broken = replace(CHAT, address="#ops")
    assert found((MAIL, broken), PROVEN) == (Found(ReadinessFinding.CONTACT_BROKEN, broken.id),)


def test_a_contact_that_refuses_is_named() -> None:
    refusing = ContactProof(contact_id=CHAT.id, refused_at=NOON, delivered_at=NOON - MINUTE)
    assert found((MAIL, CHAT), PROVEN, refusing) == (Found(ReadinessFinding.CONTACT_REFUSES, CHAT.id),)


def test_one_verified_contact_is_enough() -> None:
    unverified = [replace(contact, verified_at=None) for contact in (MAIL, CHAT)]
    assert found((MAIL, unverified[1]), PROVEN) == (Found(ReadinessFinding.ONE_CHANNEL),)
    assert found(unverified, PROVEN) == (Found(ReadinessFinding.NO_VERIFIED_CONTACT),)


def test_only_a_confirmation_proves() -> None:
    delivered = ContactProof(contact_id=MAIL.id, attempted_at=NOON, delivered_at=NOON)
    assert found((MAIL, CHAT), delivered) == (Found(ReadinessFinding.NEVER_PROVEN),)


def test_two_addresses_of_one_channel_are_one_channel() -> None:
    other = a_contact(ADA, number=1)
    assert found((MAIL, other), PROVEN) == (Found(ReadinessFinding.ONE_CHANNEL),)


def test_a_contact_that_is_not_verified_is_no_second_channel_and_is_not_named_for_refusing() -> None:
    refusing = ContactProof(contact_id=CHAT.id, refused_at=NOON)
    assert found((MAIL, replace(CHAT, verified_at=None)), PROVEN, refusing) == (Found(ReadinessFinding.ONE_CHANNEL),)


@st.composite
def proofs_of(draw: st.DrawFn, contacts: Sequence[Contact]) -> Mapping[ContactId, ContactProof]:
    instants = st.none() | st.integers(0, 5).map(lambda minutes: NOON + minutes * MINUTE)
    made = {}
    for contact in contacts:
        if draw(st.booleans()):
            made[contact.id] = ContactProof(
                contact_id=contact.id,
                attempted_at=draw(instants),
                delivered_at=draw(instants),
                refused_at=draw(instants),
                confirmed_at=draw(instants),
            )
    return made


@given(data=st.data(), reachable=strategies.reachabilities(), urgency=strategies.urgencies)
def test_a_person_with_no_finding_can_be_reached(
    data: st.DataObject, reachable: strategies.Reachable, urgency: Urgency
) -> None:
    contacts, rules = reachable
    contacts = tuple(replace(each, verified_at=data.draw(st.none() | st.just(NOON))) for each in contacts)
    proofs = data.draw(proofs_of(contacts))
    if findings(contacts, proofs):
        return
    plan = planned(contacts, rules, urgency=urgency, at=NOON)
    refusing = {(each.channel, each.address) for each in contacts if each.id in proofs and proofs[each.id].is_refusing}
    assert plan
    assert not refusing & {(each.channel, each.address) for each in plan}
    assert len({each.channel for each in contacts}) > 1, "a channel that is away does not silence them"


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())
    yield made
    made.close()


def test_a_team_s_readiness_is_that_of_each_member(world: World) -> None:
    members = world.call(TeamReadiness, CREW, actor=an_actor(ADA, Role.VIEWER))
    assert [(member.user_id, member.name) for member in members] == [(BEN, "User 2"), (CAT, "User 3")]
    ben, cat = members
    assert [contact for contact, _ in ben.contacts] == [a_contact(BEN), a_contact(BEN, Channel.SLACK)]
    assert (ben.rules, cat.rules) == ({Urgency.HIGH: 0, Urgency.LOW: 0}, {Urgency.HIGH: 0, Urgency.LOW: 1})
    assert [each.finding for each in ben.findings] == [
        ReadinessFinding.NO_VERIFIED_CONTACT,
        ReadinessFinding.NEVER_PROVEN,
    ]
    assert ReadinessFinding.ONE_CHANNEL in [each.finding for each in cat.findings]


def test_a_member_who_has_left_is_named(world: World) -> None:
    async def join(ports: Ports) -> None:
        await ports.teams.save(replace(await ports.teams.get(CREW), member_ids=(DAN,)))

    world.write(join)
    (dan,) = world.call(TeamReadiness, CREW, actor=an_actor(ADA))
    assert dan.findings == (Found(ReadinessFinding.INACTIVE),)
    assert dan.findings[0].finding.sentence


def test_a_team_that_is_not_there_has_none(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.call(TeamReadiness, TeamId(ADA), actor=an_actor(ADA))
