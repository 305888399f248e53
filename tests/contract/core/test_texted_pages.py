"""The promises of `TextedPages`, kept by every adapter of it."""

from dataclasses import replace

from application.ports.texted_pages import TextedPage
from domain.incident.incident import Incident
from domain.notification.contact import Channel, Contact
from domain.notification.notification import Notification
from domain.shared.via import Via
from tests.contract.core.storing import an_open_incident, waiting
from tests.support.builders import ADA, BEN, CAT, MINUTE, NOON, a_contact, a_page
from tests.support.world import Ports

PHONE = replace(a_contact(ADA, Channel.SMS), verified_at=NOON)


async def carried(ports: Ports, *contacts: Contact) -> None:
    """Each by its user, who has no other."""
    async with ports.transaction:
        for contact in contacts:
            await ports.users.save_reachability(contact.user_id, [contact], ())


def page_to(contact: Contact, *, incident: int) -> Notification:
    page = a_page(contact.user_id.int * 10 + incident, incident=incident, user_id=contact.user_id)
    return replace(page, channel=contact.channel, address=contact.address)


async def texted(ports: Ports, *pages: Notification) -> None:
    await waiting(ports, *pages)
    async with ports.transaction:
        await ports.notifications.lease_due(Channel.SMS, at=NOON, until=NOON + MINUTE, limit=9)


def about(incident: Incident, contact: Contact = PHONE) -> TextedPage:
    return TextedPage(contact.user_id, incident.id, incident.number)


async def test_an_answer_is_to_the_newest_incident_that_its_number_was_told_of_and_that_nobody_has(
    ports: Ports,
) -> None:
    await carried(ports, PHONE)
    first, second, _ = [await an_open_incident(ports, number, at=NOON + number * MINUTE) for number in (1, 2, 3)]
    await texted(ports, page_to(PHONE, incident=1), page_to(PHONE, incident=2))
    assert await ports.texted_pages.newest(PHONE.address) == about(second)

    async with ports.transaction:
        await ports.incidents.save(second.acknowledge(by=ADA, via=Via.API, at=NOON + 5 * MINUTE))
    assert await ports.texted_pages.newest(PHONE.address) == about(first)


async def test_by_its_number_an_incident_is_found_however_it_stands_and_only_by_whom_it_was_told(ports: Ports) -> None:
    await carried(ports, PHONE)
    told, other = [await an_open_incident(ports, number) for number in (1, 2)]
    await texted(ports, page_to(PHONE, incident=1))
    async with ports.transaction:
        await ports.incidents.save(told.resolve(by=ADA, via=Via.API, at=NOON + MINUTE))

    assert await ports.texted_pages.newest(PHONE.address, number=told.number) == about(told)
    assert await ports.texted_pages.newest(PHONE.address) is None
    assert await ports.texted_pages.newest(PHONE.address, number=other.number) is None
    assert await ports.texted_pages.newest("+15005550000", number=told.number) is None


async def test_a_number_that_is_not_verified_or_was_not_texted_yet_or_was_called_answers_nothing(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    unverified = a_contact(BEN, Channel.SMS)
    called = replace(a_contact(CAT, Channel.VOICE), verified_at=NOON)
    await carried(ports, PHONE, unverified, called)
    await texted(ports, page_to(unverified, incident=1), page_to(called, incident=1))
    await waiting(ports, page_to(PHONE, incident=1))

    for contact in (PHONE, unverified, called):
        assert await ports.texted_pages.newest(contact.address) is None
        assert await ports.texted_pages.newest(contact.address, number=incident.number) is None


async def test_a_number_may_be_several_peoples_and_whom_it_told_is_who_answers(ports: Ports) -> None:
    shared = replace(a_contact(BEN, Channel.SMS), address=PHONE.address, verified_at=NOON)
    await carried(ports, PHONE, shared)
    incident = await an_open_incident(ports)
    await texted(ports, page_to(shared, incident=1))

    assert await ports.texted_pages.owners(PHONE.address) == (ADA, BEN)
    assert await ports.texted_pages.newest(PHONE.address) == about(incident, shared)
    assert await ports.texted_pages.owners("+15005550000") == ()
