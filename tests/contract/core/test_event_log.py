"""The promises of `EventLog`, kept by every adapter of it."""

from dataclasses import replace

import pytest

from application.ports.event_log import EventPosition
from domain.alert.events import AlertJoined
from domain.incident.events import IncidentAnnotated
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId
from domain.shared.via import Via
from tests.contract.core.storing import logged_after
from tests.support.builders import ADA, MINUTE, NOON, an_alert, an_incident
from tests.support.world import Ports

START = EventPosition(0, 0)
ONE, TWO = an_incident(1).id, an_incident(2).id


def a_note(text: str, *, minute: int = 0) -> IncidentAnnotated:
    return IncidentAnnotated(incident_id=ONE, by=ADA, via=Via.API, note=text, at=NOON + minute * MINUTE)


async def logged(ports: Ports, *events: DomainEvent) -> None:
    async with ports.transaction:
        await ports.events.append(events)


async def test_events_come_back_as_they_were_in_their_order(ports: Ports) -> None:
    events = (
        a_note("first", minute=2),  # whatever their clocks say
        AlertJoined(incident_id=TWO, alert_id=AlertId(an_alert().id), summary="ünïcode \u2713", at=NOON),
        a_note("second"),
    )
    await logged(ports, *events)

    assert tuple(each.event for each in await logged_after(ports.events, START, count=3)) == events


async def test_a_reader_resumes_by_position_and_is_told_everything_once(ports: Ports) -> None:
    await logged(ports, a_note("1"), a_note("2"))
    await logged(ports, a_note("3"))
    told: list[DomainEvent] = []
    position = START
    for _ in range(3):
        first, *_ = await logged_after(ports.events, position, count=1)
        told.append(first.event)
        position = first.position

    assert told == [a_note("1"), a_note("2"), a_note("3")]
    assert await ports.events.after(position, limit=10) == ()


async def test_no_more_come_than_are_wanted(ports: Ports) -> None:
    await logged(ports, a_note("1"), a_note("2"))
    await logged_after(ports.events, START, count=2)

    assert [each.event for each in await ports.events.after(START, limit=1)] == [a_note("1")]


async def test_after_the_end_only_what_is_still_to_come_comes(ports: Ports) -> None:
    await logged(ports, a_note("before"))
    await logged_after(ports.events, START, count=1)
    end = await ports.events.end()
    await logged(ports, a_note("after"))

    assert [each.event for each in await logged_after(ports.events, end, count=1)] == [a_note("after")]


async def test_what_is_undone_was_never_logged(ports: Ports) -> None:
    async def crash() -> None:
        async with ports.transaction:
            await ports.events.append([a_note("never")])
            raise RuntimeError("crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        await crash()
    await logged(ports, a_note("then"))

    assert [each.event for each in await logged_after(ports.events, START, count=1)] == [a_note("then")]


async def test_an_incident_has_its_own_events_oldest_first(ports: Ports) -> None:
    other = replace(a_note("other"), incident_id=TWO)
    await logged(ports, a_note("1"), other)
    await logged(ports, a_note("2"), a_note("3"))

    mine = await ports.events.of_incident(ONE, limit=10)
    assert [each.event for each in mine] == [a_note("1"), a_note("2"), a_note("3")]
    assert await ports.events.of_incident(ONE, limit=2) == mine[:2]
    assert await ports.events.of_incident(ONE, after=mine[0].position, limit=10) == mine[1:]


async def test_nothing_appended_is_nothing_logged(ports: Ports) -> None:
    await logged(ports)

    assert await ports.events.of_incident(ONE, limit=10) == ()
