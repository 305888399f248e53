"""The promises of `IntakeStore`, kept by every adapter of it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from application.errors import ConflictError
from application.ports.intake import IntakeTarget, OpenedIncident, Touched
from domain.alert.alert import Alert
from domain.alert.alert_event import ChangeEvent, Link
from domain.incident.incident import Followed, IncidentStatus
from domain.service.service import UrgencyRule
from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.contract.core.storing import an_open_incident, firing, held
from tests.support.builders import (
    ADA,
    BANK,
    BANK_PROBES,
    LADDER,
    LOOP,
    MINUTE,
    NOON,
    SHOP,
    SHOP_LOGS,
    SHOP_PROBES,
    a_draft,
    a_policy,
    a_received_change,
    a_run,
    an_alert,
    an_integration,
    key_of,
    office_hours,
)
from tests.support.world import Ports

MANY = 100  # of one body, which no adapter stores one by one


async def test_a_key_names_its_integration_with_everything_it_decides(ports: Ports) -> None:
    target = await ports.intake.target_of(key_of(BANK_PROBES), at=NOON)

    assert target == IntakeTarget(
        integration=replace(an_integration(BANK_PROBES, BANK), version=1),
        policy_id=LOOP,
        policy_version=1,
        urgency_rule=UrgencyRule.ALWAYS_LOW,
    )


async def test_a_key_that_nobody_has_names_nothing(ports: Ports) -> None:
    assert await ports.intake.target_of(b"nobody's", at=NOON) is None


async def test_a_target_has_the_newest_version_of_its_policy(ports: Ports) -> None:
    async with ports.transaction:
        policy = await ports.policies.get(LADDER)
        await ports.policies.save(a_policy(version=policy.version))

    target = await ports.intake.target_of(key_of(SHOP_PROBES), at=NOON)
    assert target is not None
    assert target.policy_version == 2


async def test_a_rotated_key_is_good_until_its_overlap_ends(ports: Ports) -> None:
    async with ports.transaction:
        integration = await ports.integrations.get(SHOP_PROBES)
        await ports.integrations.save(integration.rotate_key(b"new", overlap_ends_at=NOON + MINUTE))

    before, after = NOON + MINUTE - MINUTE / 60, NOON + MINUTE
    assert await ports.intake.target_of(b"new", at=after) is not None
    assert await ports.intake.target_of(key_of(SHOP_PROBES), at=before) is not None
    assert await ports.intake.target_of(key_of(SHOP_PROBES), at=after) is None


async def test_touching_counts_the_alerts_that_fire_and_says_which_those_are(ports: Ports) -> None:
    await an_open_incident(ports)
    disk, load = an_alert(1, dedup_key="disk"), an_alert(2, dedup_key="load")
    await firing(ports, disk, load)
    async with ports.transaction:
        await ports.alerts.save_cleared([load.clear(at=NOON)])
        touched = await ports.intake.touch(
            {(SHOP_PROBES, "disk"): 3, (SHOP_PROBES, "load"): 1, (SHOP_LOGS, "disk"): 1}, at=NOON + MINUTE
        )

    assert touched == {(SHOP_PROBES, "disk"): Touched(disk.id, disk.incident_id)}
    async with ports.transaction:
        (stored,) = await ports.alerts.firing({(SHOP_PROBES, "disk")})
    assert stored == replace(disk, occurrences=4, last_seen_at=NOON + MINUTE)


async def test_an_alert_was_never_last_seen_earlier_than_before(ports: Ports) -> None:
    await an_open_incident(ports)
    await firing(ports, an_alert(dedup_key="disk"))
    async with ports.transaction:
        await ports.intake.touch({(SHOP_PROBES, "disk"): 1}, at=NOON - MINUTE)
        (stored,) = await ports.alerts.firing({(SHOP_PROBES, "disk")})

    assert stored.last_seen_at == NOON
    assert stored.occurrences == 2


async def test_a_group_has_one_open_incident_however_often_it_is_asked_for(ports: Ports) -> None:
    first = await an_open_incident(ports, 1)
    async with ports.transaction:
        again = replace(a_draft(9), group_key=first.group_key)
        opened = await ports.intake.open_incidents([again, a_draft(2)])

    joined, new = opened[again.service_id, again.group_key], opened[a_draft(2).service_id, a_draft(2).group_key]
    assert (joined.incident_id, joined.number, joined.is_new) == (first.id, first.number, False)
    assert (new.incident_id, new.is_new) == (a_draft(2).id, True)
    assert new.number > first.number


async def opened(ports: Ports, number: int, minute: float, window: GroupWindow | None) -> OpenedIncident:
    """Of one group, by a draft of that minute."""
    draft = replace(a_draft(number, at=NOON + minute * MINUTE), group_key="rack", group_window=window)
    other = a_draft(100 + number)
    async with ports.transaction:
        return (await ports.intake.open_incidents([other, draft]))[draft.service_id, "rack"]


async def test_after_its_window_an_open_incident_is_followed_by_another(ports: Ports) -> None:
    window = GroupWindow(kind=WindowKind.FIXED, seconds=600)
    first = await opened(ports, 1, 0, window)
    joined = await opened(ports, 2, 9.9, None)
    second = await opened(ports, 3, 10, None)
    beside = await opened(ports, 4, 1000, window)

    followed = Followed(incident_id=first.incident_id, number=first.number, group_window=window)
    assert (joined.incident_id, joined.is_new, joined.follows) == (first.incident_id, False, None)
    assert (second.is_new, second.follows, second.number > first.number) == (True, followed, True)
    assert (beside.incident_id, beside.follows) == (second.incident_id, None)  # which began without a window
    before, after = await held(ports, first.incident_id), await held(ports, second.incident_id)
    assert (before.is_open, before.followed_by, before.group_key) == (True, second.incident_id, "rack")
    assert (after.followed_by, after.group_window, after.group_key) == (None, None, "rack")


async def test_a_window_that_rolls_ends_so_long_after_the_last_that_joined(ports: Ports) -> None:
    window = GroupWindow(kind=WindowKind.ROLLING, seconds=600)
    found = [await opened(ports, number, minute, window) for number, minute in enumerate((0, 9, 5, 18.9, 28.9))]

    assert [each.is_new for each in found] == [True, False, False, False, True]


async def test_an_incident_that_was_followed_once_is_not_followed_twice(ports: Ports) -> None:
    window = GroupWindow(kind=WindowKind.FIXED, seconds=600)
    first, second, third = [await opened(ports, number, number * 10, window) for number in range(3)]

    assert [each.follows and each.follows.incident_id for each in (second, third)] == [
        first.incident_id,
        second.incident_id,
    ]
    assert (await held(ports, first.incident_id)).followed_by == second.incident_id


async def test_a_change_that_is_there_by_its_id_stays_as_it_is(ports: Ports) -> None:
    first = a_received_change(ChangeEvent(summary="first", occurred_at=NOON))
    for changes in ([first], [first._replace(change=ChangeEvent(summary="again"))]):
        async with ports.transaction:
            await ports.intake.record_changes(changes)
    found = await ports.incident_reader.changes(SHOP, since=NOON, until=NOON + MINUTE, limit=5)

    assert [change.summary for change in found] == ["first"]


async def test_two_services_may_have_a_group_of_one_name(ports: Ports) -> None:
    await an_open_incident(ports, 1)
    async with ports.transaction:
        (opened,) = (
            await ports.intake.open_incidents([replace(a_draft(2, service_id=BANK), group_key="group 1")])
        ).values()

    assert opened.is_new


async def test_a_group_whose_incident_is_resolved_gets_a_new_one_with_a_new_number(ports: Ports) -> None:
    first = await an_open_incident(ports, 1)
    async with ports.transaction:
        await ports.incidents.save(first.resolve(by=ADA, via=Via.API, at=NOON))
    async with ports.transaction:
        (opened,) = (await ports.intake.open_incidents([replace(a_draft(2), group_key=first.group_key)])).values()

    assert opened.is_new
    assert opened.number > first.number
    assert (await held(ports, first.id)).status is IncidentStatus.RESOLVED


@pytest.mark.parametrize("others", [0, MANY])
async def test_an_alert_that_fires_already_is_a_conflict_and_nothing_is_recorded(ports: Ports, others: int) -> None:
    await an_open_incident(ports)
    first, second = an_alert(1, dedup_key="disk"), an_alert(2, dedup_key="disk")
    new = [an_alert(10 + number) for number in range(others)]
    await firing(ports, first)
    with pytest.raises(ConflictError):
        await firing(ports, second, *new)

    assert await firing_now(ports, [first, *new]) == [first]


async def test_many_alerts_are_stored_as_one_is(ports: Ports) -> None:
    said: dict[str, Any] = {
        "labels": {"zone": "north"},
        "details": {"free": [1.5, None]},
        "starts_at": NOON,
        "event_id": UUID(int=1),
    }
    alerts = [
        an_alert(number, links=(Link(href=f"https://example.test/{number}"),), expires_at=NOON + MINUTE, **said)
        for number in range(MANY)
    ]
    await an_open_incident(ports)
    await firing(ports, *reversed(alerts))

    assert await firing_now(ports, alerts) == alerts


async def firing_now(ports: Ports, alerts: list[Alert]) -> list[Alert]:
    """In the order of their ids."""
    async with ports.transaction:
        stored = await ports.alerts.firing({(alert.integration_id, alert.dedup_key) for alert in alerts})
    return sorted(stored, key=lambda alert: alert.id)


async def test_a_run_is_due_from_the_instant_it_was_recorded_for(ports: Ports) -> None:
    await an_open_incident(ports)

    assert await ports.runs.earliest_deadline() == NOON
    async with ports.transaction:
        (due,) = await ports.runs.claim_due(at=NOON, limit=5)
    assert due.run == replace(a_run(), version=1)


async def test_nothing_to_record_is_nothing_recorded(ports: Ports) -> None:
    async with ports.transaction:
        await ports.intake.record(alerts=[], runs=[], events=[], raw_events=[])

    assert await ports.runs.earliest_deadline() is None


async def test_a_new_incident_has_the_acknowledgements_and_the_deadline_of_its_draft(ports: Ports) -> None:
    draft = a_draft(urgency=Urgency.LOW, acknowledgements_required=3, rises_at=NOON + MINUTE)
    async with ports.transaction:
        (opened,) = (await ports.intake.open_incidents([draft])).values()
        stored = await ports.incidents.get(opened.incident_id)

    assert (stored.acknowledgements_required, stored.rises_at) == (3, NOON + MINUTE)
    assert await ports.incidents.earliest_deadline() == NOON + MINUTE


async def test_a_target_has_what_decides_the_urgency(ports: Ports) -> None:
    hours = office_hours()
    async with ports.transaction:
        shop = await ports.services.get(SHOP)
        await ports.services.save(
            replace(
                shop,
                urgency_rule=UrgencyRule.SUPPORT_HOURS,
                tier=2,
                support_hours=hours,
                acknowledgements_required=4,
            )
        )
    target = await ports.intake.target_of(key_of(SHOP_PROBES), at=NOON)

    assert target is not None
    assert (target.urgency_rule, target.tier, target.support_hours, target.acknowledgements_required) == (
        UrgencyRule.SUPPORT_HOURS,
        2,
        hours,
        4,
    )


async def test_a_target_has_the_limits_of_its_integration(ports: Ports) -> None:
    limits: dict[str, Any] = {"events_per_minute": 600, "event_burst": 50, "open_alerts": 7}
    async with ports.transaction:
        integration = await ports.integrations.get(SHOP_PROBES)
        await ports.integrations.save(replace(integration, **limits))

    target = await ports.intake.target_of(key_of(SHOP_PROBES), at=NOON)

    assert target is not None
    assert {name: getattr(target.integration, name) for name in limits} == limits
