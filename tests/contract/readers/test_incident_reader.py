from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.errors import NotFoundError
from application.ports.notifications import Attempt, Settlement
from application.ports.notifier import Outcome
from application.ports.readers import (
    AcknowledgementRecord,
    IncidentFilter,
    IncidentQuery,
    IncidentRef,
    IncidentSummary,
    OldestFirst,
    ResponderRecord,
    TimeKey,
)
from domain.alert.alert_event import ChangeEvent, Link
from domain.escalation.run import RunStatus
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.responder import ResponderAnswer
from domain.notification.contact import Channel
from domain.notification.notification import Notification, Purpose
from domain.shared.change import Change
from domain.shared.ids import IncidentId, NotificationId, RunId, UserId
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.via import Via
from tests.support.builders import a_received_change
from tests.support.stock import (
    ADA,
    BANK,
    BEN,
    CHECKOUT,
    CHECKOUT_ALERTS,
    LEDGER,
    NOON,
    SHOP,
    Stock,
    new_id,
)

MINUTE = timedelta(minutes=1)


async def listed(stock: Stock, *, limit: int = 50, oldest_first: bool = False, **wanted: object) -> list[IncidentId]:
    query = IncidentQuery(
        filter=IncidentFilter(**wanted),  # type: ignore[arg-type]  # names are the test's
        limit=limit,
        oldest_first=oldest_first,
    )
    return [incident.id for incident in (await stock.incident_reader.list(query)).items]


async def test_a_summary_tells_names_and_the_next_escalation(stock: Stock) -> None:
    incident = await stock.incident()
    page = await stock.incident_reader.list(IncidentQuery())
    assert page.items == (
        IncidentSummary(
            id=incident.id,
            number=incident.number,
            title="5xx on checkout",
            severity=Severity.SEV2,
            urgency=incident.urgency,
            priority=Priority.P2,
            status=IncidentStatus.TRIGGERED,
            service_id=CHECKOUT,
            service_name="checkout",
            team_id=SHOP,
            team_name="Store",
            triggered_at=NOON,
            acknowledged_at=None,
            acknowledged_by=None,
            acknowledged_by_name=None,
            acknowledgements=(),
            acknowledgements_required=1,
            acknowledgements_missing=1,
            snoozed_until=None,
            responders=(),
            resolved_at=None,
            resolved_by=None,
            resolved_by_name=None,
            escalation=RunStatus.RUNNING,
            next_escalation_at=NOON,
            next_deadline=None,
            version=incident.version,
        ),
    )
    assert not page.has_more


async def test_a_summary_tells_who_has_it_and_who_resolved_it(stock: Stock) -> None:
    incident = await stock.resolved(await stock.acknowledged(await stock.incident(), by=BEN), by=ADA)
    summary = (await stock.incident_reader.get(incident.id)).summary
    assert (summary.acknowledged_by, summary.acknowledged_by_name) == (BEN, "Ben")
    assert (summary.resolved_by, summary.resolved_by_name) == (ADA, "Ada")
    assert (summary.acknowledged_at, summary.resolved_at) == (NOON + MINUTE, NOON + 9 * MINUTE)
    assert (summary.escalation, summary.next_escalation_at) == (RunStatus.STOPPED, None)
    assert summary.version == incident.version


async def test_a_summary_tells_who_shares_an_incident_and_until_when_it_is_left_alone(stock: Stock) -> None:
    incident = await stock.acknowledged(await stock.incident(), by=BEN)
    until = NOON + timedelta(hours=1)
    async with stock.transaction:
        asked = incident.ask_responders((ADA,), run_id=RunId(new_id()), by=BEN, via=Via.API, at=NOON)
        incident = await stock.incidents.save(asked)
        await stock.incidents.save(incident.snooze(until=until, by=ADA, via=Via.API, at=NOON + 2 * MINUTE))

    summary = (await stock.incident_reader.get(incident.id)).summary
    assert summary.acknowledgements == (
        AcknowledgementRecord(BEN, "Ben", NOON + MINUTE),
        AcknowledgementRecord(ADA, "Ada", NOON + 2 * MINUTE),
    )
    assert (summary.acknowledgements_required, summary.acknowledgements_missing) == (1, 0)
    assert (summary.snoozed_until, summary.next_deadline) == (until, until)
    assert summary.responders == (ResponderRecord(ADA, "Ada", ResponderAnswer.ASKED),)
    assert (await stock.incident_reader.list(IncidentQuery())).items == (summary,)


async def test_an_incident_that_never_escalated_says_so(stock: Stock) -> None:
    incident = await stock.incident(escalates=False)
    summary = (await stock.incident_reader.get(incident.id)).summary
    assert (summary.escalation, summary.next_escalation_at) == (None, None)


async def test_a_list_is_newest_first_or_oldest_first_and_ids_decide_between_equals(stock: Stock) -> None:
    first, second = await stock.incident(at=NOON), await stock.incident(at=NOON)
    newest = await stock.incident(at=NOON + MINUTE)
    oldest = await stock.incident(at=NOON - MINUTE)
    in_order = [oldest.id, first.id, second.id, newest.id]
    assert await listed(stock, oldest_first=True) == in_order
    assert await listed(stock) == in_order[::-1]


@pytest.mark.parametrize("oldest_first", [False, True])
async def test_pages_join_into_the_list_without_a_gap_or_a_repeat(stock: Stock, *, oldest_first: bool) -> None:
    incidents = [await stock.incident(at=NOON + timedelta(microseconds=number // 3)) for number in range(7)]
    whole = [incident.id for incident in incidents]
    if not oldest_first:
        whole.reverse()
    seen: list[IncidentId] = []
    after = None
    for expected in (3, 3, 1):
        page = await stock.incident_reader.list(IncidentQuery(limit=3, oldest_first=oldest_first, after=after))
        assert len(page.items) == expected
        assert page.has_more == (expected == 3)
        seen += [incident.id for incident in page.items]
        after = TimeKey(page.items[-1].triggered_at, page.items[-1].id)
    assert seen == whole


async def test_a_full_last_page_has_no_more(stock: Stock) -> None:
    await stock.incident()
    await stock.incident()
    assert not (await stock.incident_reader.list(IncidentQuery(limit=2))).has_more


async def test_every_filter_lets_through_what_it_names_and_nothing_else(stock: Stock) -> None:
    triggered = await stock.incident(severity=Severity.SEV1)
    taken = await stock.acknowledged(await stock.incident(service_id=LEDGER, at=NOON + MINUTE), by=BEN)
    over = await stock.resolved(
        await stock.acknowledged(await stock.incident(severity=Severity.SEV4, at=NOON + 2 * MINUTE), by=ADA)
    )
    status = IncidentStatus
    assert await listed(stock, statuses=frozenset({status.TRIGGERED})) == [triggered.id]
    assert await listed(stock, statuses=frozenset({status.ACKNOWLEDGED})) == [taken.id]
    assert await listed(stock, statuses=frozenset({status.RESOLVED})) == [over.id]
    open_ones = frozenset({status.TRIGGERED, status.ACKNOWLEDGED})
    assert await listed(stock, statuses=open_ones) == [taken.id, triggered.id]
    assert await listed(stock, statuses=frozenset({status.TRIGGERED, status.RESOLVED})) == [over.id, triggered.id]
    assert await listed(stock, severities=frozenset({Severity.SEV1, Severity.SEV4})) == [over.id, triggered.id]
    assert await listed(stock, service_id=LEDGER) == [taken.id]
    assert await listed(stock, team_id=BANK) == [taken.id]
    assert await listed(stock, since=NOON + MINUTE) == [over.id, taken.id]
    assert await listed(stock, until=NOON + MINUTE) == [triggered.id]
    assert await listed(stock, acknowledged_by=ADA) == [over.id]


async def test_filters_hold_together_and_with_a_place_to_go_on(stock: Stock) -> None:
    older = await stock.incident(at=NOON)
    newer = await stock.incident(at=NOON + MINUTE)
    await stock.incident(at=NOON + 2 * MINUTE, service_id=LEDGER)
    await stock.resolved(await stock.incident(at=NOON - MINUTE))
    wanted = IncidentFilter(
        statuses=frozenset({IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED}),
        severities=frozenset({Severity.SEV2}),
        service_id=CHECKOUT,
        team_id=SHOP,
        since=NOON - 5 * MINUTE,
        until=NOON + 5 * MINUTE,
    )
    query = IncidentQuery(filter=wanted, after=TimeKey(newer.triggered_at, newer.id))
    assert [incident.id for incident in (await stock.incident_reader.list(query)).items] == [older.id]


async def test_an_incident_is_found_by_id_and_by_number(stock: Stock) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    incident = await stock.incident(trace=trace)
    by_id, by_number = await stock.incident_reader.get(incident.id), await stock.incident_reader.get(incident.number)
    assert by_id == by_number
    assert (by_id.group_key, by_id.service_description) == (incident.group_key, "The checkout.")
    assert (by_id.runbook_url, by_id.trace) == ("https://runbooks.example.test/checkout", trace)
    assert await stock.incident_reader.find(incident.number) == incident.id
    assert await stock.incident_reader.find(incident.id) == incident.id


@pytest.mark.parametrize("ref", [IncidentId(UUID(int=7)), 987654, 2**70])
async def test_what_is_not_there_is_not_found(stock: Stock, ref: IncidentRef) -> None:
    await stock.incident()
    with pytest.raises(NotFoundError):
        await stock.incident_reader.get(ref)
    with pytest.raises(NotFoundError):
        await stock.incident_reader.find(ref)


async def test_alerts_of_one_incident_come_in_pages(stock: Stock) -> None:
    incident, other = await stock.incident(), await stock.incident()
    alerts = await stock.alerts(incident, "one", "two", "three")
    await stock.alerts(other, "elsewhere")
    first = await stock.incident_reader.alerts(incident.id, OldestFirst(limit=2))
    assert first.items == tuple(alerts[:2])
    assert first.has_more
    rest = await stock.incident_reader.alerts(incident.id, OldestFirst(limit=2, after=first.items[-1].id))
    assert rest.items == tuple(alerts[2:])
    assert not rest.has_more


async def test_the_ledger_has_every_notification_with_its_attempts(stock: Stock) -> None:
    incident, other = await stock.incident(), await stock.incident()
    first, second = await stock.page(incident), await stock.page(incident, user_id=BEN, rule_position=1)
    await stock.page(other)
    attempts = [attempt_of(first, number) for number in (1, 2)]
    for attempt in attempts:
        async with stock.transaction:
            leased = await stock.notifications.lease_due(
                Channel.EMAIL, at=attempt.started_at, until=attempt.finished_at, limit=10
            )
            (held,) = [due.notification for due in leased if due.notification.id == first.id]
            await stock.notifications.settle([Settlement(Change(held), attempt)])
    page = await stock.incident_reader.deliveries(incident.id, OldestFirst(limit=1))
    assert [(record.notification.id, record.recipient_name) for record in page.items] == [(first.id, "Ada")]
    assert page.items[0].attempts == tuple(attempts)
    assert page.items[0].notification.attempts == 2
    assert page.has_more
    rest = await stock.incident_reader.deliveries(incident.id, OldestFirst(limit=5, after=first.id))
    assert [(record.notification.id, record.recipient_name, record.attempts) for record in rest.items] == [
        (second.id, "Ben", ())
    ]
    assert not rest.has_more


async def test_the_pages_to_one_person_are_theirs_alone_and_no_updates(stock: Stock) -> None:
    incident, other = await stock.incident(), await stock.incident()
    first, second = [await stock.page(incident, rule_position=number) for number in range(2)]
    await stock.page(incident, user_id=BEN)
    await stock.page(other)
    async with stock.transaction:
        update = replace(first, id=NotificationId(new_id()), purpose=Purpose.UPDATE, update_of={"ts": "1"})
        await stock.notifications.add([update])

    both = await stock.incident_reader.pages_to(incident.id, ADA, limit=2)
    assert ([each.notification for each in both.items], both.has_more) == ([first, second], False)
    one = await stock.incident_reader.pages_to(incident.id, ADA, limit=1)
    assert ([each.notification for each in one.items], one.has_more) == ([first], True)


def attempt_of(page: Notification, number: int) -> Attempt:
    return Attempt(
        notification_id=page.id,
        incident_id=page.incident_id,
        number=number,
        started_at=NOON + number * MINUTE,
        finished_at=NOON + number * MINUTE + timedelta(seconds=1),
        outcome=Outcome.RETRY,
        detail="busy",
    )


async def test_changes_of_a_service_in_a_half_open_span_newest_first(stock: Stock) -> None:
    async with stock.transaction:
        integration = await stock.integrations.get(CHECKOUT_ALERTS)
        for minutes in (0, 1, 2, 3):
            change = ChangeEvent(
                summary=f"deploy {minutes}",
                source="ci",
                occurred_at=NOON + minutes * MINUTE,
                details={"build": minutes},
                links=(Link(href="https://ci.example.test/1"),),
            )
            await stock.intake.record_changes([a_received_change(change, integration, new_id())])
    found = await stock.incident_reader.changes(CHECKOUT, since=NOON, until=NOON + 3 * MINUTE, limit=2)
    assert [change.summary for change in found] == ["deploy 2", "deploy 1"]
    assert (found[0].source, found[0].details, found[0].links[0].href) == (
        "ci",
        {"build": 2},
        "https://ci.example.test/1",
    )
    assert await stock.incident_reader.changes(LEDGER, since=NOON, until=NOON + MINUTE, limit=2) == ()


async def test_names_are_told_of_those_who_exist(stock: Stock) -> None:
    names = await stock.incident_reader.user_names({ADA, BEN, UserId(UUID(int=404))})
    assert names == {ADA: "Ada", BEN: "Ben"}


async def test_reading_inside_a_transaction_sees_what_it_wrote(stock: Stock) -> None:
    incident: Incident = await stock.incident()
    async with stock.transaction:
        await stock.incidents.get(incident.id)
        assert (await stock.incident_reader.get(incident.id)).summary.id == incident.id
