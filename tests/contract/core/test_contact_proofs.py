"""The promises of `ContactProofs`, kept by every adapter of it."""

from datetime import datetime

from application.ports.contact_proofs import Tried
from application.ports.notifier import Outcome
from domain.notification.contact import Channel, Contact
from domain.notification.proof import ContactProof
from tests.support.builders import ADA, BEN, MINUTE, NOON, a_contact
from tests.support.world import Ports

MAIL, CHAT, OTHER = a_contact(ADA), a_contact(ADA, Channel.SLACK), a_contact(BEN)


def tried(contact: Contact, outcome: Outcome, at: datetime = NOON) -> Tried:
    return Tried(contact.user_id, contact.channel, contact.address, at, outcome)


async def record(ports: Ports, *tries: Tried) -> None:
    async with ports.transaction:
        await ports.contact_proofs.record(tries)


async def confirm(ports: Ports, contact: Contact, at: datetime = NOON) -> bool:
    async with ports.transaction:
        return await ports.contact_proofs.confirm(contact.user_id, contact.channel, contact.address, at=at)


async def proof_of(ports: Ports, contact: Contact) -> ContactProof | None:
    return (await ports.contact_proofs.of_users({contact.user_id})).get(contact.id)


async def test_of_a_contact_that_was_never_tried_nothing_is_known(ports: Ports) -> None:
    assert await ports.contact_proofs.of_users({ADA, BEN}) == {}


async def test_the_latest_of_each_is_kept_however_the_tries_come(ports: Ports) -> None:
    await record(
        ports,
        tried(MAIL, Outcome.REJECTED, NOON + MINUTE),
        tried(MAIL, Outcome.DELIVERED, NOON + 2 * MINUTE),
        tried(CHAT, Outcome.UNKNOWN),
    )
    await record(ports, tried(MAIL, Outcome.DELIVERED), tried(MAIL, Outcome.RETRY, NOON + 3 * MINUTE))

    assert await proof_of(ports, MAIL) == ContactProof(
        contact_id=MAIL.id,
        attempted_at=NOON + 3 * MINUTE,
        delivered_at=NOON + 2 * MINUTE,
        refused_at=NOON + MINUTE,
    )
    assert await proof_of(ports, CHAT) == ContactProof(contact_id=CHAT.id, attempted_at=NOON)
    assert await proof_of(ports, OTHER) is None


async def test_a_confirmation_is_kept_beside_and_never_goes_back(ports: Ports) -> None:
    assert await confirm(ports, MAIL, NOON + MINUTE)
    await record(ports, tried(MAIL, Outcome.DELIVERED))
    assert await confirm(ports, MAIL, NOON)

    assert await proof_of(ports, MAIL) == ContactProof(
        contact_id=MAIL.id, attempted_at=NOON, delivered_at=NOON, confirmed_at=NOON + MINUTE
    )


async def test_what_is_nobodys_contact_any_more_is_passed_over(ports: Ports) -> None:
    await record(ports, tried(MAIL, Outcome.DELIVERED))
    async with ports.transaction:
        await ports.users.save_reachability(ADA, (CHAT,), ())
    await record(ports, tried(MAIL, Outcome.DELIVERED))

    assert not await confirm(ports, MAIL)
    assert await ports.contact_proofs.of_users({ADA}) == {}
    await record(ports)
