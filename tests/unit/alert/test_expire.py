"""What becomes of alerts that their sender was meant to repeat, and did not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.alert.alert import Alert, AlertStatus
from domain.alert.events import AlertCleared, AlertExpired
from domain.incident.events import IncidentResolved
from domain.incident.incident import IncidentStatus
from domain.service.integration import WhenSilent
from domain.shared.event import DomainEvent
from domain.shared.via import Via
from tests.support.builders import MINUTE, NOON, SHOP_PROBES, a_town, an_integration
from tests.support.world import Ports, World

FOUR_MINUTES = 4 * MINUTE
TICK = timedelta(microseconds=1)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())
    yield made
    made.close()


def over_when_silent(world: World) -> None:
    async def change(ports: Ports) -> None:
        async with ports.transaction:
            stored = await ports.integrations.get(SHOP_PROBES)
            await ports.integrations.save(replace(stored, when_silent=WhenSilent.RESOLVE))

    world.within(change)


def the_alert(world: World) -> Alert:
    (stored,) = world.stored()
    (alert,) = stored.alerts
    return alert


def events_of(world: World, *kinds: type[DomainEvent]) -> list[DomainEvent]:
    (stored,) = world.stored()
    return [event for event in stored.events if isinstance(event, kinds)]


def status(world: World) -> IncidentStatus:
    (stored,) = world.stored()
    return stored.incident.status


def test_an_alert_that_is_not_repeated_stays_and_is_marked(world: World) -> None:
    world.trigger(expires_at=NOON + FOUR_MINUTES)
    world.advance(FOUR_MINUTES - TICK)
    assert the_alert(world).silent_since is None

    world.advance(TICK)

    alert = the_alert(world)
    assert (alert.status, alert.silent_since) == (AlertStatus.FIRING, NOON + FOUR_MINUTES)
    assert status(world) is not IncidentStatus.RESOLVED
    (fell_silent,) = events_of(world, AlertExpired)
    assert fell_silent.at == NOON + FOUR_MINUTES


def test_it_is_said_once(world: World) -> None:
    world.trigger(expires_at=NOON + FOUR_MINUTES)
    world.advance(60 * MINUTE)
    assert len(events_of(world, AlertExpired)) == 1


def test_each_repeat_makes_it_good_for_longer(world: World) -> None:
    world.trigger(expires_at=NOON + FOUR_MINUTES)
    for minute in range(1, 10):
        world.advance_to(NOON + minute * MINUTE)
        world.trigger(expires_at=NOON + minute * MINUTE + FOUR_MINUTES)
    assert the_alert(world).silent_since is None
    world.advance(FOUR_MINUTES)
    assert the_alert(world).silent_since == NOON + 13 * MINUTE


def test_a_repeat_that_comes_late_does_not_make_it_good_for_less(world: World) -> None:
    world.trigger(expires_at=NOON + FOUR_MINUTES)
    world.trigger(expires_at=NOON + MINUTE)
    world.advance(2 * MINUTE)
    assert the_alert(world).silent_since is None


def test_a_sender_that_is_heard_again_is_silent_no_more(world: World) -> None:
    world.trigger(expires_at=NOON + MINUTE)
    world.advance(5 * MINUTE)
    world.trigger(expires_at=NOON + 9 * MINUTE)
    assert the_alert(world).silent_since is None
    world.advance(FOUR_MINUTES)
    assert the_alert(world).silent_since == NOON + 9 * MINUTE


def test_a_repeat_that_names_no_end_changes_none(world: World) -> None:
    world.trigger(expires_at=NOON + MINUTE)
    world.trigger()
    world.advance(MINUTE)
    assert the_alert(world).silent_since == NOON + MINUTE


def test_an_alert_without_an_end_never_falls_silent(world: World) -> None:
    world.trigger()
    world.advance(timedelta(days=30))
    assert events_of(world, AlertExpired) == []


def test_what_is_resolved_falls_silent_no_more(world: World) -> None:
    world.trigger(expires_at=NOON + FOUR_MINUTES)
    world.resolve()
    world.advance(60 * MINUTE)
    assert events_of(world, AlertExpired) == []


def test_where_the_integration_says_so_silence_is_the_end(world: World) -> None:
    over_when_silent(world)
    world.trigger(expires_at=NOON + FOUR_MINUTES)
    world.advance(FOUR_MINUTES)

    assert the_alert(world).status is AlertStatus.CLEARED
    assert status(world) is IncidentStatus.RESOLVED
    (resolved,) = events_of(world, IncidentResolved)
    assert isinstance(resolved, IncidentResolved)
    assert (resolved.by, resolved.via) == (None, Via.SYSTEM)
    assert len(events_of(world, AlertCleared)) == 1


def test_the_end_by_silence_of_one_alert_is_not_the_end_of_an_incident_with_another(world: World) -> None:
    over_when_silent(world)
    world.trigger("disk", group_key="g", expires_at=NOON + MINUTE)
    world.trigger("cpu", group_key="g", expires_at=NOON + FOUR_MINUTES)
    world.advance(2 * MINUTE)
    assert status(world) is not IncidentStatus.RESOLVED
    world.advance(2 * MINUTE)
    assert status(world) is IncidentStatus.RESOLVED


def test_an_integration_keeps_alerts_of_silent_senders_unless_it_says_otherwise() -> None:
    assert an_integration().when_silent is WhenSilent.KEEP
