"""What `KeptBodies` promises."""

from datetime import datetime, timedelta
from uuid import UUID

from application.alert.verdict import Verdict, VerdictOutcome
from application.ports.intake import DeadLetter, RawEvent
from application.ports.kept_bodies import KeptBody, KeptKey
from domain.alert.alert_event import AlertAction
from domain.shared.ids import IntegrationId
from tests.contract.config.building import a_stored_service, an_integration
from tests.contract.config.conftest import Store
from tests.support.oncall import utc

NOON = utc("2026-11-23 12:00")
HOUR = timedelta(hours=1)
VERDICT = Verdict(dedup_key="disk", action=AlertAction.TRIGGER, outcome=VerdictOutcome.DROPPED)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def raw(number: int, integration_id: IntegrationId, minute: int) -> RawEvent:
    return RawEvent(
        id=UUID(int=number),
        integration_id=integration_id,
        received_at=at(minute),
        format="json",
        body=b"body",
        verdicts=(VERDICT,),
        headers={"ce-id": "1"} if number == 3 else {},
    )


def letter(number: int, integration_id: IntegrationId, minute: int) -> DeadLetter:
    headers = {"ce-id": "4"} if number == 4 else {}
    return DeadLetter(UUID(int=number), integration_id, at(minute), "http", "why", b"letter", headers)


async def stored(store: Store) -> IntegrationId:
    service = await a_stored_service(store)
    async with store.transaction:
        ours = (await store.integrations.save(an_integration(service, key="ours"))).id
        other = (await store.integrations.save(an_integration(service, key="other"))).id
        raw_events = [raw(1, ours, 0), raw(3, ours, 1), raw(5, ours, 60), raw(6, other, 1)]
        await store.intake.record(alerts=(), runs=(), events=(), raw_events=raw_events)
        await store.intake.set_aside([letter(2, ours, 1), letter(4, ours, 2), letter(7, other, 1)])
    return ours


async def test_bodies_of_an_interval_are_there_oldest_first_whether_taken_or_set_aside(
    store: Store,
) -> None:
    ours = await stored(store)
    found = await store.kept_bodies.between(ours, NOON, at(60), limit=10)

    assert found == (
        KeptBody(UUID(int=1), at(0), "json", b"body", (VERDICT,)),
        KeptBody(UUID(int=2), at(1), "http", b"letter", refusal="why"),
        KeptBody(UUID(int=3), at(1), "json", b"body", (VERDICT,), headers={"ce-id": "1"}),
        KeptBody(UUID(int=4), at(2), "http", b"letter", refusal="why", headers={"ce-id": "4"}),
    )


async def test_a_reader_goes_on_after_the_last_that_it_saw(store: Store) -> None:
    ours = await stored(store)
    seen: list[int] = []
    after = None
    while found := await store.kept_bodies.between(ours, NOON, NOON + 2 * HOUR, after=after, limit=2):
        seen += [each.id.int for each in found]
        after = KeptKey(found[-1].received_at, found[-1].id)

    assert seen == [1, 2, 3, 4, 5]
    assert await store.kept_bodies.between(ours, at(61), NOON + 2 * HOUR, limit=2) == ()
