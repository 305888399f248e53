from datetime import timedelta
from uuid import UUID

from application.ports.intake import DeadLetter
from application.ports.mailbox import MailboxMessage
from application.ports.readers import NewestFirst
from domain.audit.entry import AuditEntry
from domain.shared.ids import IncidentId, NotificationId, UserId
from domain.shared.via import Via
from tests.support.stock import ADA, CHECKOUT_ALERTS, NOON, Stock, new_id


async def test_dead_letters_come_newest_first_with_their_integration(stock: Stock) -> None:
    letters = [
        DeadLetter(new_id(), integration_id, NOON, "http", reason, body)
        for integration_id, reason, body in (
            (CHECKOUT_ALERTS, "no summary", b'{"a": 1}'),
            (None, "no such key", b"\xff\x00"),
            (CHECKOUT_ALERTS, "too long", b""),
        )
    ]
    async with stock.transaction:
        await stock.intake.set_aside(letters)
    first = await stock.dead_letter_reader.list(NewestFirst(limit=2))
    assert [(each.id, each.integration_name) for each in first.items] == [
        (letters[2].id, "probes"),
        (letters[1].id, None),
    ]
    assert first.has_more
    rest = await stock.dead_letter_reader.list(NewestFirst(limit=2, before=first.items[-1].id))
    (letter,) = rest.items
    assert (letter.id, letter.integration_id, letter.received_at) == (letters[0].id, CHECKOUT_ALERTS, NOON)
    assert (letter.source, letter.reason, letter.body) == ("http", "no summary", b'{"a": 1}')
    assert not rest.has_more


async def test_the_audit_trail_comes_newest_first_with_the_actors_name(stock: Stock) -> None:
    thing, other = UUID(int=71), UUID(int=72)
    entries = [entry(noun_id, actor_id=actor_id) for noun_id, actor_id in ((thing, ADA), (other, None), (thing, None))]
    async with stock.transaction:
        for each in entries:
            await stock.audit.append(each)
    page = await stock.audit_reader.list(NewestFirst(limit=2))
    assert [(each.entry, each.actor_name) for each in page.items] == [(entries[2], None), (entries[1], None)]
    assert page.has_more
    rest = await stock.audit_reader.list(NewestFirst(limit=2, before=page.items[-1].entry.id))
    assert [(each.entry, each.actor_name) for each in rest.items] == [(entries[0], "Ada")]
    assert not rest.has_more


async def test_the_audit_trail_of_one_thing(stock: Stock) -> None:
    thing = UUID(int=71)
    entries = [entry(noun_id) for noun_id in (thing, UUID(int=72), thing)]
    async with stock.transaction:
        for each in entries:
            await stock.audit.append(each)
    page = await stock.audit_reader.list(NewestFirst(), noun_id=thing)
    assert [each.entry.id for each in page.items] == [entries[2].id, entries[0].id]
    older = await stock.audit_reader.list(NewestFirst(before=entries[2].id), noun_id=thing)
    assert [each.entry.id for each in older.items] == [entries[0].id]


def entry(noun_id: UUID, *, actor_id: UserId | None = None) -> AuditEntry:
    return AuditEntry(
        id=new_id(),
        at=NOON + timedelta(microseconds=1),
        action="incident.acknowledge",
        noun="incident",
        noun_id=noun_id,
        actor_id=actor_id,
        via=Via.API,
        credential="session",
        address="192.0.2.1",
        request_id="r-1",
        before={"status": "triggered"},
        after=None,
    )


async def test_the_mailbox_keeps_messages_newest_first(stock: Stock) -> None:
    messages = [
        MailboxMessage(
            id=new_id(),
            sent_at=NOON,
            channel="email",
            address="ada@example.test",
            title=f"SEV2 INC-{number}",
            body="Service: checkout\n",
            notification_id=NotificationId(new_id()),
            incident_id=IncidentId(new_id()),
            acknowledge_url=None if number else "https://tocsin.example.test/a/x",
        )
        for number in range(3)
    ]
    for message in messages:
        await stock.mailbox.store(message)
    page = await stock.mailbox_reader.list(NewestFirst(limit=2))
    assert page.items == (messages[2], messages[1])
    assert page.has_more
    rest = await stock.mailbox_reader.list(NewestFirst(limit=2, before=page.items[-1].id))
    assert rest.items == (messages[0],)
    assert not rest.has_more
