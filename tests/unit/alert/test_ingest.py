"""How a batch of events is cut and understood; what becomes of it, the worlds of the property tests show."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.alert.routed import ReceivedEvent, RoutedEvent, unrouted
from application.alert.waves import waves
from application.ports.intake import IntakeTarget
from application.ports.notifier import Outcome
from application.service.urgency import urgency_of
from domain.alert.alert import AlertStatus
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.alert.events import AlertJoined
from domain.incident.events import IncidentTriggered
from domain.incident.incident import IncidentStatus
from domain.service.service import UrgencyRule
from domain.shared.ids import IntegrationId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support import strategies
from tests.support.builders import LADDER, MINUTE, NOON, SHOP_LOGS, SHOP_PROBES, a_town, an_event, an_integration
from tests.support.world import World

TRIGGER, ACKNOWLEDGE, RESOLVE = AlertAction.TRIGGER, AlertAction.ACKNOWLEDGE, AlertAction.RESOLVE


def received_by(by: IntegrationId, event: AlertEvent) -> RoutedEvent:
    target = IntakeTarget(
        integration=an_integration(by), policy_id=LADDER, policy_version=1, urgency_rule=UrgencyRule.BY_SEVERITY
    )
    return unrouted(0, ReceivedEvent(target, event, None))


def cut(*events: tuple[str, AlertAction]) -> list[list[tuple[str, AlertAction]]]:
    batch = [received_by(SHOP_PROBES, an_event(key, action)) for key, action in events]
    return [[(each.event.dedup_key, each.event.action) for each in wave] for wave in waves(batch)]


def test_one_kind_of_action_is_one_wave() -> None:
    assert cut(("a", TRIGGER), ("b", TRIGGER), ("a", TRIGGER)) == [[("a", TRIGGER), ("b", TRIGGER), ("a", TRIGGER)]]


def test_a_resolve_comes_after_its_trigger() -> None:
    assert cut(("a", TRIGGER), ("a", RESOLVE), ("b", TRIGGER)) == [
        [("a", TRIGGER), ("b", TRIGGER)],
        [("a", RESOLVE)],
    ]


def test_a_trigger_after_a_resolve_is_another_occurrence() -> None:
    assert cut(("a", TRIGGER), ("a", RESOLVE), ("a", TRIGGER)) == [
        [("a", TRIGGER)],
        [("a", RESOLVE)],
        [("a", TRIGGER)],
    ]


def test_no_events_are_no_waves() -> None:
    assert cut() == []


@given(st.lists(st.tuples(strategies.integrations, strategies.events), max_size=30))
def test_waves_hold_every_event_once_of_one_kind_each_and_keep_every_alerts_order(
    events: list[tuple[IntegrationId, AlertEvent]],
) -> None:
    batch = [received_by(by, event) for by, event in events]
    cut_up = list(waves(batch))

    assert sorted(map(id, batch)) == sorted(id(each) for wave in cut_up for each in wave)
    assert all(len({each.event.action for each in wave}) == 1 for wave in cut_up)
    places = {id(each): (number, place) for number, wave in enumerate(cut_up) for place, each in enumerate(wave)}
    for key in {each.key for each in batch}:
        mine = [places[id(each)] for each in batch if each.key == key]
        assert all(one < following for one, following in pairwise(mine))


@pytest.mark.parametrize(
    ("rule", "severity", "urgency"),
    [
        (UrgencyRule.ALWAYS_HIGH, Severity.SEV5, Urgency.HIGH),
        (UrgencyRule.ALWAYS_LOW, Severity.SEV1, Urgency.LOW),
        (UrgencyRule.BY_SEVERITY, Severity.SEV3, Urgency.HIGH),
        (UrgencyRule.BY_SEVERITY, Severity.SEV4, Urgency.LOW),
    ],
)
def test_a_services_rule_decides_the_urgency(rule: UrgencyRule, severity: Severity, urgency: Urgency) -> None:
    assert urgency_of(rule, severity) is urgency


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        (None, Severity.SEV1),
        (AlertSeverity.CRITICAL, Severity.SEV1),
        (AlertSeverity.ERROR, Severity.SEV2),
        (AlertSeverity.WARNING, Severity.SEV3),
        (AlertSeverity.INFO, Severity.SEV4),
    ],
)
def test_a_sender_that_does_not_know_the_severity_pages_no_less_for_it(
    world: World, said: AlertSeverity | None, severity: Severity
) -> None:
    world.trigger(severity=said)

    assert world.stored()[0].incident.severity is severity


def test_an_event_without_a_summary_is_titled_by_its_key(world: World) -> None:
    world.trigger("disk", summary="")

    assert world.stored()[0].incident.title == "disk"


def test_a_repeat_counts_and_does_nothing_else(world: World) -> None:
    world.trigger()
    (before,) = world.stored()
    world.trigger()
    (after,) = world.stored()

    assert (after.incident, after.events) == (before.incident, before.events)
    assert [alert.occurrences for alert in after.alerts] == [2]


def test_an_alert_of_the_same_group_joins_the_open_incident(world: World) -> None:
    world.receive(an_event("disk", group_key="rack"), an_event("load", group_key="rack"))

    (stored,) = world.stored()
    assert [type(event) for event in stored.events] == [IncidentTriggered, AlertJoined]
    assert {alert.dedup_key for alert in stored.alerts} == {"disk", "load"}


def test_alerts_that_join_together_are_told_of_once(world: World) -> None:
    world.receive(*(an_event(key, group_key="rack") for key in ("disk", "load", "fan")))

    (stored,) = world.stored()
    ids = {alert.dedup_key: alert.id for alert in stored.alerts}
    (joined,) = [event for event in stored.events if isinstance(event, AlertJoined)]
    assert (joined.alert_id, joined.others) == (ids["load"], (ids["fan"],))


def test_two_senders_of_one_service_can_share_an_incident_but_not_an_alert(world: World) -> None:
    world.trigger("disk", by=SHOP_PROBES, group_key="rack")
    world.trigger("disk", by=SHOP_LOGS, group_key="rack")

    (stored,) = world.stored()
    assert len(stored.alerts) == 2


def test_an_incident_is_resolved_when_the_last_of_its_alerts_is(world: World) -> None:
    world.receive(an_event("disk", group_key="rack"), an_event("load", group_key="rack"))
    world.resolve("disk")
    assert world.stored()[0].incident.is_open
    world.resolve("load")

    assert world.stored()[0].incident.status is IncidentStatus.RESOLVED


def test_a_trigger_and_its_resolve_in_one_batch_leave_a_resolved_incident_that_pages_nobody(world: World) -> None:
    world.receive(an_event("disk"), an_event("disk", RESOLVE))
    world.settle()

    (stored,) = world.stored()
    assert stored.incident.status is IncidentStatus.RESOLVED
    assert world.pages == ()


def test_a_resolve_or_acknowledge_of_what_does_not_fire_means_nothing(world: World) -> None:
    world.resolve()
    world.acknowledge()

    assert world.stored() == ()


def test_a_stale_repeat_of_a_cleared_occurrence_opens_nothing(world: World) -> None:
    world.trigger(starts_at=NOON)
    world.resolve()
    world.trigger(starts_at=NOON)

    (stored,) = world.stored()
    assert stored.incident.status is IncidentStatus.RESOLVED


def test_a_true_occurrence_is_not_lost_behind_a_stale_repeat_in_the_same_batch(world: World) -> None:
    world.trigger(starts_at=NOON)
    world.resolve()
    world.receive(an_event(starts_at=NOON), an_event(starts_at=NOON + MINUTE))

    _, again = world.stored()
    assert again.incident.is_open
    (alert,) = again.alerts
    assert (alert.status, alert.starts_at, alert.occurrences) == (AlertStatus.FIRING, NOON + MINUTE, 1)


def test_an_alert_that_fires_again_after_its_resolve_pages_anew(world: World) -> None:
    world.trigger()
    world.resolve()
    world.trigger()
    world.advance(timedelta(seconds=1))

    assert len(world.stored()) == 2
    assert [each.outcome for each in world.pages] == [Outcome.DELIVERED]
