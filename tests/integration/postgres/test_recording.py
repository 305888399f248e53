"""What goes to PostgreSQL as JSON comes out of its columns as it went in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.alert.alert import Alert
from domain.alert.alert_event import AlertSeverity, Link
from domain.incident.incident import Incident
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.support.builders import NOON, a_draft, a_run, a_town, an_alert
from tests.support.world import Ports, over_postgres, ports_container

pytestmark = pytest.mark.postgres

# Quotes, escapes, what JSON need not escape and what is beyond the first plane.
AWKWARD = '"it\'s" \\u0041 {,} \t\n \x01 \u2028 é 🔥 \ufffd'
PRECISELY = NOON + timedelta(microseconds=123_457)


@pytest.fixture
async def ports(clean_database: str) -> AsyncIterator[Ports]:
    container = ports_container(over_postgres(clean_database))
    async with container() as session:
        made = await session.get(Ports)
        await made.settle_in(a_town())
        yield made
    await container.close()


async def stored(ports: Ports, alert: Alert) -> Alert:
    draft = replace(
        a_draft(at=PRECISELY), title=AWKWARD, group_key=AWKWARD, severity=Severity.SEV4, urgency=Urgency.LOW
    )
    run = a_run(at=PRECISELY, policy_version=1)
    async with ports.transaction:
        ((group, opened),) = (await ports.intake.open_incidents([draft])).items()
        assert group == (draft.service_id, AWKWARD)
        change = Incident.trigger(draft, number=opened.number, via=Via.SENDER)
        await ports.intake.record(alerts=[alert], runs=[run], events=change.events, raw_events=[])
        incident = await ports.incidents.get(draft.id)
        assert incident == replace(change.state, version=1)
        (found,) = await ports.alerts.firing_of_incidents({draft.id})
        return found


async def test_an_alert_with_everything(ports: Ports) -> None:
    alert = replace(
        an_alert(at=PRECISELY),
        dedup_key=AWKWARD,
        group_key=AWKWARD,
        summary=AWKWARD,
        source=AWKWARD,
        severity=AlertSeverity.WARNING,
        starts_at=PRECISELY.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
        occurrences=3,
        labels={AWKWARD: AWKWARD, "": ""},
        details={AWKWARD: [AWKWARD, None, True, 2**63 - 1, -(2**63), 0.1, {"": {}}]},
        links=(Link(href='https://example.test/?a=b&c="d"', text=AWKWARD), Link(href="x")),
    )
    assert await stored(ports, alert) == alert


@pytest.mark.parametrize("starts_at", [datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC), None])
async def test_an_alert_with_as_little_as_there_may_be(ports: Ports, starts_at: datetime | None) -> None:
    alert = replace(an_alert(), summary="", source="", starts_at=starts_at)
    assert await stored(ports, alert) == alert
