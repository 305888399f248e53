"""What most contracts need to be there first."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from application.ports.event_log import EventLog, EventPosition, LoggedEvent
from application.ports.notifications import Attempt
from application.ports.notifier import Outcome
from domain.alert.alert import Alert
from domain.incident.incident import Incident
from domain.notification.notification import Notification
from domain.shared.ids import IncidentId
from domain.shared.via import Via
from tests.support.builders import MINUTE, NOON, a_draft, a_run
from tests.support.world import Ports


async def an_open_incident(
    ports: Ports, number: int = 1, *, at: datetime = NOON, escalates: bool = True, trace: str | None = None
) -> Incident:
    """As the intake makes one: with its event and, if it escalates, its run."""
    draft = replace(a_draft(number, at=at), trace=trace)
    async with ports.transaction:
        (opened,) = (await ports.intake.open_incidents([draft])).values()
        assert opened.is_new, "its group had one already"
        change = Incident.trigger(draft, number=opened.number, via=Via.SENDER)
        runs = [a_run(number, incident=number, at=at)] if escalates else []
        await ports.intake.record(alerts=[], runs=runs, events=change.events, raw_events=[])
        return await ports.incidents.get(draft.id)


async def firing(ports: Ports, *alerts: Alert) -> None:
    async with ports.transaction:
        await ports.intake.record(alerts=alerts, runs=[], events=[], raw_events=[])


async def waiting(ports: Ports, *pages: Notification) -> None:
    async with ports.transaction:
        await ports.notifications.add(pages)


async def held(ports: Ports, incident_id: IncidentId) -> Incident:
    async with ports.transaction:
        return await ports.incidents.get(incident_id)


def an_attempt(page: Notification, *, number: int = 1, outcome: Outcome = Outcome.DELIVERED) -> Attempt:
    return Attempt(
        notification_id=page.id,
        incident_id=page.incident_id,
        number=number,
        started_at=NOON,
        finished_at=NOON + MINUTE,
        outcome=outcome,
        detail="250 OK",
    )


async def logged_after(events: EventLog, position: EventPosition, *, count: int) -> tuple[LoggedEvent, ...]:
    """Asks again while it gets less: a reader may have to wait for strangers, who hold nothing back for long."""
    for _ in range(200):
        found = await events.after(position, limit=10)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    pytest.fail(f"{count} events expected, only {len(found)} came")
