"""What the ports promise to several who work at once: only a database that is shared can break it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application.ports.event_log import EventPosition
from application.ports.notifications import Cancelled, Settlement
from application.ports.notifier import Outcome
from domain.incident.events import IncidentAnnotated
from domain.notification.contact import Channel
from domain.notification.notification import NotificationStatus
from domain.shared.via import Via
from tests.contract.core.conftest import OpenSession
from tests.contract.core.storing import an_attempt, an_open_incident, logged_after, waiting
from tests.support.at_once import SOON
from tests.support.builders import ADA, MINUTE, NOON, a_draft, a_page, an_incident
from tests.support.world import Ports, Storage, over_postgres


@pytest.fixture
def storage(clean_database: str) -> Storage:
    return over_postgres(clean_database)


@pytest.fixture
async def other(open_session: OpenSession) -> Ports:
    """A second session over the same storage."""
    return await open_session()


async def begun(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """The work, started, and waiting for somebody."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait([task], timeout=SOON)
    assert not done, "it waited for nobody"
    return task


async def test_two_workers_never_claim_the_same_run(ports: Ports, other: Ports) -> None:
    for number in range(1, 6):
        await an_open_incident(ports, number)
    async with ports.transaction, other.transaction:
        mine = await ports.runs.claim_due(at=NOON, limit=3)
        theirs = await other.runs.claim_due(at=NOON, limit=3)
        assert await other.runs.claim_due(at=NOON, limit=3) == theirs  # one's own are not passed over

    claimed = [each.run.id for each in mine + theirs]
    assert len(claimed) == len(set(claimed)) == 5


async def test_whoever_stops_a_run_waits_for_the_worker_that_is_at_it(ports: Ports, other: Ports) -> None:
    incident = await an_open_incident(ports)

    async def answer() -> object:
        async with other.transaction:
            return await other.runs.running_of({incident.id})

    async with ports.transaction:
        (due,) = await ports.runs.claim_due(at=NOON, limit=1)
        answering = await begun(answer())
        moved = replace(due.run, position=None, next_deadline=NOON + MINUTE)
        await ports.runs.save([moved])

    assert await answering == (replace(moved, version=2),)


async def test_a_page_that_is_made_during_an_answer_is_cancelled_by_it_and_nobody_locks_anybody_out(
    ports: Ports, other: Ports
) -> None:
    incident = await an_open_incident(ports)

    async def answer() -> dict[Any, Cancelled]:
        async with other.transaction:
            await other.incidents.get(incident.id)
            await other.runs.running_of({incident.id})
            return await other.notifications.cancel_waiting({incident.id})

    async with ports.transaction:
        await ports.runs.claim_due(at=NOON, limit=1)
        answering = await begun(answer())
        async with asyncio.timeout(SOON * 5):
            await ports.notifications.add([a_page()])  # refers to the incident, which the answer holds

    assert await answering == {incident.id: Cancelled(cancelled=1, under_way=0)}


async def test_an_answer_waits_for_a_courier_that_takes_a_page_and_knows_that_it_is_under_way(
    ports: Ports, other: Ports
) -> None:
    incident = await an_open_incident(ports)
    await waiting(ports, a_page())

    async def answer() -> dict[Any, Cancelled]:
        async with other.transaction:
            return await other.notifications.cancel_waiting({incident.id})

    async with ports.transaction:
        await ports.notifications.lease_due(Channel.EMAIL, at=NOON, until=NOON + MINUTE, limit=1)
        answering = await begun(answer())

    assert await answering == {incident.id: Cancelled(cancelled=0, under_way=1)}
    page = await ports.notifications.get(a_page().id)
    assert (page.status, page.was_overtaken) == (NotificationStatus.SENDING, True)


async def test_a_courier_passes_over_a_page_that_is_being_cancelled(ports: Ports, other: Ports) -> None:
    incident = await an_open_incident(ports)
    await waiting(ports, a_page())
    until = NOON + timedelta(seconds=20)
    async with ports.transaction:
        await ports.notifications.cancel_waiting({incident.id})
        async with other.transaction:
            assert await other.notifications.lease_due(Channel.EMAIL, at=NOON, until=until, limit=1) == ()

    async with other.transaction:
        assert await other.notifications.lease_due(Channel.EMAIL, at=NOON, until=until, limit=1) == ()


async def test_an_answer_waits_for_a_courier_that_settles_and_cancels_the_try_that_was_to_come(
    ports: Ports, other: Ports
) -> None:
    incident = await an_open_incident(ports)
    await waiting(ports, a_page())
    async with ports.transaction:
        (due,) = await ports.notifications.lease_due(Channel.EMAIL, at=NOON, until=NOON + MINUTE, limit=1)
    again = due.notification.retry_or_fail(is_unknown=False, wish=None, jitter=0, detail="", at=NOON)

    async def answer() -> dict[Any, Cancelled]:
        async with other.transaction:
            return await other.notifications.cancel_waiting({incident.id})

    async with ports.transaction:
        await ports.notifications.hold([a_page().id])
        answering = await begun(answer())
        await ports.notifications.settle([Settlement(again, an_attempt(due.notification, outcome=Outcome.RETRY))])

    assert await answering == {incident.id: Cancelled(cancelled=1, under_way=0)}


async def test_two_who_make_the_same_page_make_one(ports: Ports, other: Ports) -> None:
    await an_open_incident(ports)
    same = replace(a_page(1), id=a_page(2).id)

    async with ports.transaction:
        await ports.notifications.add([a_page(1)])
        adding = await begun(waiting(other, same))
    await adding

    assert await ports.notifications.backlog(at=NOON) == {Channel.EMAIL: 1}


async def test_a_group_gets_one_incident_whoever_opens_it_and_in_whatever_order(
    ports: Ports, open_session: OpenSession
) -> None:
    sessions = [ports, *[await open_session() for _ in range(4)]]

    async def open_all(number: int, session: Ports) -> list[bool]:
        drafts = [
            replace(a_draft(100 * number + group), group_key=f"group {group}")
            for group in (range(8) if number % 2 else reversed(range(8)))
        ]
        async with session.transaction:
            return [each.is_new for each in (await session.intake.open_incidents(drafts)).values()]

    opened = await asyncio.gather(*(open_all(number, each) for number, each in enumerate(sessions, start=1)))

    assert sum(is_new for one in opened for is_new in one) == 8


async def test_the_log_never_skips_an_event_that_commits_late(ports: Ports, other: Ports) -> None:
    early, late = (
        IncidentAnnotated(incident_id=an_incident().id, by=ADA, via=Via.API, note=note, at=NOON)
        for note in ("begun first, committed last", "begun last, committed first")
    )
    start = EventPosition(0, 0)
    async with ports.transaction:
        await ports.events.append([early])
        end = await other.events.end()
        async with other.transaction:
            await other.events.append([late])
        assert await other.events.after(start, limit=10) == ()

    found = await logged_after(other.events, start, count=2)
    assert [each.event for each in found] == [early, late]
    assert await other.events.after(end, limit=10) == found
