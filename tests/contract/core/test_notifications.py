"""The promises of `NotificationRepository`, kept by every adapter of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.errors import NotFoundError
from application.ports.notifications import Attempt, Cancelled, DueNotification, Settlement, Subject
from application.ports.notifier import Outcome
from application.ports.readers import OldestFirst
from domain.notification.contact import Channel
from domain.notification.events import NotificationSent
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import BUNDLED_WITH, Notification, NotificationStatus, Purpose
from domain.notification.throttle import WINDOW, Throttle
from domain.shared.change import Change
from domain.shared.ids import IncidentId, NotificationId, RunId
from domain.shared.via import Via
from tests.contract.core.storing import an_attempt, an_open_incident, waiting
from tests.support.builders import ADA, BEN, MINUTE, NOON, OPS, a_page
from tests.support.world import Ports

LEASE = timedelta(seconds=20)


async def leased(
    ports: Ports, *, at: datetime = NOON, channel: Channel = Channel.EMAIL, limit: int = 5
) -> tuple[DueNotification, ...]:
    async with ports.transaction:
        return await ports.notifications.lease_due(channel, at=at, until=at + LEASE, limit=limit)


async def stored(ports: Ports, page: Notification) -> Notification:
    return await ports.notifications.get(page.id)


async def settled(ports: Ports, change: Change[Notification], attempt: Attempt) -> None:
    async with ports.transaction:
        await ports.notifications.settle([Settlement(change, attempt)])


async def delivered(ports: Ports, page: Notification, receipt: dict[str, str]) -> Notification:
    change = page.delivered(receipt=receipt, detail="250 OK", at=NOON + MINUTE)
    await settled(ports, change, an_attempt(page))
    return change.state


def about(page: Notification) -> IncidentId:
    assert page.incident_id is not None
    return page.incident_id


async def cancelled(ports: Ports, *pages: Notification) -> Cancelled | None:
    async with ports.transaction:
        counts = await ports.notifications.cancel_waiting({about(page) for page in pages})
    return counts.get(about(pages[0]))


async def test_an_intent_is_read_as_it_was_added(ports: Ports) -> None:
    await an_open_incident(ports)
    page = a_page(run_id=None)
    update = a_page(2, purpose=Purpose.UPDATE, channel=Channel.SLACK, update_of={"channel": "C1", "ts": "1.2"})
    await waiting(ports, page, update)

    assert await stored(ports, page) == page
    async with ports.transaction:
        assert await stored(ports, update) == update


async def test_what_does_not_exist_is_not_found(ports: Ports) -> None:
    with pytest.raises(NotFoundError):
        await stored(ports, a_page())


async def test_a_page_that_is_already_there_stays_the_only_one(ports: Ports) -> None:
    await an_open_incident(ports)
    page = a_page(1)
    same = replace(a_page(2), rule_position=page.rule_position)
    await waiting(ports, page)
    await waiting(ports, same, replace(same, id=a_page(3).id))

    assert [each.notification.id for each in await leased(ports)] == [page.id]


def a_notice(number: int = 1, *, key: str = "shift:1", address: str = "ada@example.test") -> Notification:
    notice = Notice(kind=NoticeKind.SHIFT_STARTED, key=key, title="You are on call", text="Shop, until 09:00.")
    return Notification.of_notice(
        NotificationId(UUID(int=45_000 + number)),
        notice,
        user_id=ADA,
        channel=Channel.EMAIL,
        address=address,
        at=NOON,
    )


async def test_a_notice_is_leased_with_all_it_says_and_is_about_no_incident(ports: Ports) -> None:
    await waiting(ports, a_notice())
    (due,) = await leased(ports)

    assert due.notification == a_notice().lease(until=NOON + LEASE)
    assert due.subject is None
    change = await delivered(ports, due.notification, {"message_id": "<1@x>"})
    assert change == await stored(ports, a_notice())


async def test_a_notice_that_is_already_there_for_its_key_user_and_contact_stays_the_only_one(ports: Ports) -> None:
    await waiting(ports, a_notice(1))
    await waiting(ports, a_notice(2), a_notice(3, key="shift:2"), a_notice(4, address="ada@home.test"))

    found = [each.notification.id.int - 45_000 for each in await leased(ports)]
    assert found == [1, 3, 4]


@pytest.mark.parametrize(
    "other",
    [
        {"round": 1},
        {"step": 1},
        {"user_id": BEN},
        {"rule_position": 9},
        {"run_id": RunId(a_page().id)},
        {"purpose": Purpose.UPDATE, "update_of": {}},
    ],
)
async def test_a_page_of_another_round_step_user_rule_or_run_is_another_page(
    ports: Ports, other: dict[str, object]
) -> None:
    await an_open_incident(ports)
    page = a_page(1)
    await waiting(ports, page, replace(page, id=a_page(2).id, **other))  # type: ignore[arg-type]  # one of each kind

    assert len(await leased(ports)) == 2


async def test_a_lease_takes_what_is_due_on_its_channel_earliest_first_and_no_more_than_wanted(ports: Ports) -> None:
    await an_open_incident(ports)
    late, future = a_page(1, due_at=NOON, address="a@x.test"), a_page(3, due_at=NOON + MINUTE)
    early = a_page(2, due_at=NOON - MINUTE)
    elsewhere = a_page(4, channel=Channel.SLACK)
    await waiting(ports, late, early, future, elsewhere)

    assert [each.notification.id for each in await leased(ports, limit=1)] == [early.id]
    assert [each.notification.id for each in await leased(ports)] == [late.id]
    assert await leased(ports) == ()


def at_the_channel(number: int, *, due_at: datetime = NOON, **more: Any) -> Notification:
    """A page to the town's channel, of one step for each number."""
    told: dict[str, Any] = {
        "user_id": None,
        "destination_id": OPS,
        "rule_position": 0,
        "step": number,
        "address": "C0123OPS",
        **more,
    }
    return a_page(number, due_at=due_at, channel=Channel.SLACK, **told)


async def test_a_step_tells_a_destination_once(ports: Ports) -> None:
    await an_open_incident(ports)
    first = at_the_channel(1)
    async with ports.transaction:
        await ports.notifications.add([first, replace(first, id=NotificationId(UUID(int=99)))])
        await ports.notifications.add([replace(first, id=NotificationId(UUID(int=98)))])
        await ports.notifications.add([replace(first, id=NotificationId(UUID(int=97)), step=2)])

    due = await leased(ports, channel=Channel.SLACK)
    assert [each.notification.id.int for each in due] == [97, first.id.int]
    assert {each.notification.destination_id for each in due} == {OPS}
    assert {each.notification.user_id for each in due} == {None}


async def test_with_a_page_to_a_destination_come_the_others_that_are_due_for_it(ports: Ports) -> None:
    await an_open_incident(ports)
    pages = [at_the_channel(number, due_at=NOON + number * timedelta(seconds=1)) for number in range(1, 4)]
    later = at_the_channel(4, due_at=NOON + 9 * MINUTE)
    elsewhere = at_the_channel(5, due_at=NOON + MINUTE, address="C9999OPS")
    async with ports.transaction:
        await ports.notifications.add([*pages, later, elsewhere])

    due = await leased(ports, at=NOON + 2 * MINUTE, channel=Channel.SLACK, limit=1)
    assert {each.notification.id for each in due} == {page.id for page in pages}


async def test_what_waits_for_a_destination_is_cancelled_with_the_rest_and_not_with_one_persons(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    page = at_the_channel(1)
    async with ports.transaction:
        await ports.notifications.add([page])
        assert await ports.notifications.cancel_waiting({incident.id}, user_id=ADA) == {}
        assert await ports.notifications.cancel_waiting({incident.id}) == {incident.id: Cancelled(1, 0)}


async def test_with_a_page_come_the_others_that_are_due_for_its_user_and_address(ports: Ports) -> None:
    await an_open_incident(ports)
    pages = [a_page(number) for number in range(1, 4)]
    others = [a_page(4, user_id=BEN), a_page(5, address="ada@home.test"), a_page(6, due_at=NOON + MINUTE)]
    update = a_page(7, purpose=Purpose.UPDATE, update_of={"ts": "1"})
    await waiting(ports, *pages, *others, update)

    found = await leased(ports, limit=1)
    assert [each.notification.id for each in found] == [page.id for page in pages]
    assert {each.due_at for each in found} == {NOON}
    assert len(await leased(ports, limit=9)) == 3


async def test_what_is_held_back_is_as_if_it_had_not_been_leased_and_due_later(ports: Ports) -> None:
    await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    async with ports.transaction:
        await ports.notifications.lease_due(Channel.EMAIL, at=NOON, until=NOON + LEASE, limit=5)
        await ports.notifications.hold_back({page.id: NOON + MINUTE})

    assert await stored(ports, page) == replace(page, next_deadline=NOON + MINUTE)
    assert await leased(ports) == ()
    (due,) = await leased(ports, at=NOON + MINUTE)
    assert (due.notification.attempts, due.notification.may_be_repeat, due.lost_lease) == (1, False, False)


async def test_messages_are_counted_by_channel_and_address_until_their_window_ends(ports: Ports) -> None:
    async def count(asked: dict[str, int], *, at: datetime, channel: Channel = Channel.EMAIL) -> dict[str, Throttle]:
        async with ports.transaction:
            return await ports.notifications.count_messages(channel, asked, at=at)

    assert await count({"a": 2, "b": 1}, at=NOON) == {"a": Throttle(NOON, 2), "b": Throttle(NOON, 1)}
    assert await count({"a": 1}, at=NOON, channel=Channel.SLACK) == {"a": Throttle(NOON, 1)}
    within = NOON + WINDOW - timedelta(microseconds=1)
    assert await count({"a": 3}, at=within) == {"a": Throttle(NOON, 5)}
    assert await count({"a": 1, "b": 7}, at=NOON + WINDOW) == {
        "a": Throttle(NOON + WINDOW, 1),
        "b": Throttle(NOON + WINDOW, 7),
    }


async def test_a_leased_page_is_with_its_courier_until_the_lease_ends(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    (due,) = await leased(ports)

    assert due.notification == page.lease(until=NOON + LEASE) == await stored(ports, page)
    assert not due.lost_lease
    assert due.subject == Subject(incident, service_name="Service 41", runbook_url=None, status_by=None)
    assert await leased(ports, at=NOON + LEASE - timedelta(microseconds=1)) == ()


async def test_a_leased_page_is_in_the_trace_that_its_incident_began_with(ports: Ports) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await an_open_incident(ports, trace=trace)
    await waiting(ports, a_page())
    (due,) = await leased(ports)

    assert due.subject is not None
    assert due.subject.trace == trace


async def test_a_lease_that_ran_out_is_lost_and_leaves_a_doubt(ports: Ports) -> None:
    await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    await leased(ports)
    (due,) = await leased(ports, at=NOON + LEASE)

    assert due.lost_lease
    assert due.notification == page.lease(until=NOON + LEASE).lease(until=NOON + 2 * LEASE)
    assert due.notification.may_be_repeat


async def test_a_leased_notification_tells_who_answered(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    async with ports.transaction:
        await ports.incidents.save(incident.acknowledge(by=ADA, via=Via.API, at=NOON))
    await waiting(ports, a_page())
    (due,) = await leased(ports)

    assert due.subject is not None
    assert due.subject.status_by == "User 1"
    assert due.subject.incident.acknowledged_by == ADA


async def test_an_attempt_is_settled_with_its_line_in_the_ledger_and_its_events(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    await waiting(ports, a_page())
    (due,) = await leased(ports)
    sent = await delivered(ports, due.notification, {"id": "<1@example.test>"})

    assert await stored(ports, sent) == sent
    (record,) = (await ports.incident_reader.deliveries(incident.id, OldestFirst())).items
    assert record.attempts == (an_attempt(sent),)
    event = (await ports.events.of_incident(incident.id, limit=10))[-1].event
    assert isinstance(event, NotificationSent)
    assert (event.notification_id, event.attempt, event.detail) == (sent.id, 1, "250 OK")


async def test_a_page_that_waits_for_another_try_is_due_again_then(ports: Ports) -> None:
    await an_open_incident(ports)
    await waiting(ports, a_page())
    (due,) = await leased(ports)
    change = due.notification.retry_or_fail(is_unknown=True, wish=MINUTE, jitter=0, detail="", at=NOON)
    await settled(ports, change, an_attempt(due.notification, outcome=Outcome.UNKNOWN))

    assert await ports.notifications.earliest_deadline(Channel.EMAIL) == NOON + MINUTE
    assert await leased(ports, at=NOON + MINUTE / 2) == ()
    (again,) = await leased(ports, at=NOON + MINUTE)
    assert (again.notification.attempts, again.notification.may_be_repeat, again.lost_lease) == (2, True, False)


async def test_attempts_that_nobody_told_of_get_a_line_in_the_ledger_too(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    lost = [an_attempt(page, number=number, outcome=Outcome.UNKNOWN) for number in (1, 2)]
    async with ports.transaction:
        await ports.notifications.record_attempts([])
        await ports.notifications.record_attempts(lost)

    (record,) = (await ports.incident_reader.deliveries(incident.id, OldestFirst())).items
    assert list(record.attempts) == lost


async def test_of_one_attempt_each_receipt_is_a_line_once(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    arrived = replace(an_attempt(page, outcome=Outcome.ARRIVED), started_at=NOON + MINUTE)
    async with ports.transaction:
        await ports.notifications.record_attempts([an_attempt(page)])
        await ports.notifications.record_receipts([arrived])
        await ports.notifications.record_receipts([replace(arrived, started_at=NOON + 2 * MINUTE)])
        await ports.notifications.record_receipts([])
    again = replace(arrived, number=2, started_at=NOON + 3 * MINUTE)
    async with ports.transaction:
        await ports.notifications.record_receipts([again, replace(arrived, detail="another time")])

    (record,) = (await ports.incident_reader.deliveries(incident.id, OldestFirst())).items
    assert record.attempts == (an_attempt(page), arrived, again)


async def test_the_pages_that_one_message_spoke_for_are_those_whose_receipts_name_it(ports: Ports) -> None:
    for number in (1, 2, 3):
        await an_open_incident(ports, number)
    carrier, other = a_page(1, incident=1), a_page(3, incident=3)
    bundled = a_page(2, incident=2)
    await waiting(ports, carrier, bundled, other)
    named = {BUNDLED_WITH: str(carrier.id)}
    async with ports.transaction:
        await ports.notifications.settle(
            [
                Settlement(page.delivered(receipt=receipt, detail="", at=NOON), an_attempt(page))
                for page, receipt in ((carrier, named), (bundled, named), (other, {"sid": "SM1"}))
            ]
        )

    assert [page.id for page in await ports.notifications.bundled_with(carrier)] == [bundled.id]
    assert await ports.notifications.bundled_with(other) == ()


async def test_cancelling_takes_what_waits_and_marks_what_is_under_way(ports: Ports) -> None:
    await an_open_incident(ports)
    under_way, waits, later = a_page(1), a_page(2), a_page(3, due_at=NOON + MINUTE)
    await waiting(ports, under_way)
    await leased(ports)
    await waiting(ports, waits, later)

    assert await cancelled(ports, waits) == Cancelled(cancelled=2, under_way=1)
    assert await stored(ports, waits) == waits.cancel()
    assert await stored(ports, later) == later.cancel()
    sending = under_way.lease(until=NOON + LEASE)
    assert await stored(ports, under_way) == replace(sending, was_overtaken=True)
    assert await leased(ports, at=NOON + MINUTE / 6) == ()


async def test_cancelling_leaves_other_incidents_updates_and_what_has_ended(ports: Ports) -> None:
    await an_open_incident(ports, 1)
    await an_open_incident(ports, 2)
    await waiting(ports, a_page(1))
    (due,) = await leased(ports)
    sent = await delivered(ports, due.notification, {})
    update, other = a_page(2, purpose=Purpose.UPDATE, update_of={"ts": "1"}), a_page(3, incident=2)
    await waiting(ports, update, other)

    assert await cancelled(ports, sent) is None
    assert [await stored(ports, each) for each in (sent, update, other)] == [sent, update, other]


async def test_delivered_pages_are_those_that_the_channel_has_taken(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    await waiting(ports, a_page(1, channel=Channel.SLACK), a_page(2, channel=Channel.SLACK), a_page(3))
    (first, _), (mail,) = await leased(ports, channel=Channel.SLACK), await leased(ports)
    sent = await delivered(ports, first.notification, {"ts": "1.2"})
    await delivered(ports, mail.notification, {})
    await waiting(ports, replace(a_page(4, channel=Channel.SLACK), purpose=Purpose.UPDATE, update_of=sent.receipt))

    async with ports.transaction:
        assert await ports.notifications.delivered_to({incident.id}, Channel.SLACK) == (sent,)
        assert await ports.notifications.delivered_to(set(), Channel.SLACK) == ()


async def test_each_channel_has_a_backlog_and_an_earliest_deadline_of_its_own(ports: Ports) -> None:
    await an_open_incident(ports)
    assert await ports.notifications.backlog(at=NOON) == {}
    assert await ports.notifications.earliest_deadline(Channel.SLACK) is None
    mails = a_page(1), a_page(2, due_at=NOON + MINUTE)
    chats = a_page(3, channel=Channel.SLACK, due_at=NOON + MINUTE), a_page(4, channel=Channel.SLACK).cancel()
    await waiting(ports, *mails, *chats)

    assert await ports.notifications.backlog(at=NOON) == {Channel.EMAIL: 1}
    assert await ports.notifications.backlog(at=NOON + MINUTE) == {Channel.EMAIL: 2, Channel.SLACK: 1}
    assert await ports.notifications.earliest_deadline(Channel.EMAIL) == NOON
    assert await ports.notifications.earliest_deadline(Channel.SLACK) == NOON + MINUTE


async def test_a_page_under_way_counts_as_due_when_its_lease_ends(ports: Ports) -> None:
    await an_open_incident(ports)
    await waiting(ports, a_page())
    await leased(ports)

    assert await ports.notifications.earliest_deadline(Channel.EMAIL) == NOON + LEASE
    assert await ports.notifications.backlog(at=NOON + LEASE) == {Channel.EMAIL: 1}


async def test_only_one_persons_pages_are_cancelled_when_only_that_person_answered(ports: Ports) -> None:
    await an_open_incident(ports)
    hers, his = a_page(1), a_page(2, user_id=BEN)
    await waiting(ports, hers, his)
    async with ports.transaction:
        counts = await ports.notifications.cancel_waiting({about(hers)}, user_id=ADA)

    assert counts == {hers.incident_id: Cancelled(1, 0)}
    assert (await stored(ports, hers)).status is NotificationStatus.CANCELLED
    assert (await stored(ports, his)).status is NotificationStatus.PENDING


async def test_the_pages_of_a_step_are_all_that_it_made_for_the_same_person(ports: Ports) -> None:
    await an_open_incident(ports)
    page = a_page(1)
    other_rule = a_page(2, run_id=page.run_id)
    other_step = a_page(3, run_id=page.run_id, step=page.step + 1)
    other_person = a_page(4, run_id=page.run_id, user_id=BEN)
    await waiting(ports, page, other_rule, other_step, other_person)

    async with ports.transaction:
        found = await ports.notifications.of_same_steps([page.id])
        assert [each.id for each in found] == [page.id, other_rule.id]
        assert await ports.notifications.of_same_steps([]) == ()
