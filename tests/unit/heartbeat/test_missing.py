"""What is not heard becomes an incident by the same intake as every event, and is over when it is heard."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError
from application.heartbeat.create import CreateHeartbeat, IssuedHeartbeat
from application.heartbeat.draft import HeartbeatDraft
from application.heartbeat.get import GetHeartbeat
from application.heartbeat.list import ListHeartbeats
from application.heartbeat.ping import PingHeartbeat
from application.heartbeat.remove import RemoveHeartbeat
from application.heartbeat.update import UpdateHeartbeat
from application.ports.heartbeats import OUTPUT_CHARACTERS, ReceivedPing
from application.ports.page import PageRequest
from domain.alert.alert import Alert, AlertStatus
from domain.heartbeat.heartbeat import Heartbeat, HeartbeatStatus, PingKind
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.identity.role import Role
from domain.incident.incident import IncidentStatus
from domain.service.integration import IntegrationKind
from domain.shared.errors import InvalidValueError
from tests.support.builders import ADA, BEN, MINUTE, NOON, SHOP_LOGS, SHOP_PROBES, a_town, an_integration
from tests.support.world import World

ADMIN = Actor(user_id=ADA, role=Role.ADMIN)
RESPONDER = Actor(user_id=BEN, role=Role.RESPONDER)
HOUR = timedelta(hours=1)
HOURLY = HeartbeatDraft(name="backup", period_seconds=3600, grace_seconds=300)


@pytest.fixture
def world() -> Iterator[World]:
    town = a_town()
    others = tuple(each for each in town.integrations if each.id != SHOP_PROBES)
    made = World(town=replace(town, integrations=(an_integration(kind=IntegrationKind.HEARTBEAT), *others)))
    yield made
    made.close()


def expect(world: World, draft: HeartbeatDraft = HOURLY) -> IssuedHeartbeat:
    return world.call(CreateHeartbeat, SHOP_PROBES, draft, actor=ADMIN)


def ping(world: World, issued: IssuedHeartbeat, kind: PingKind = PingKind.SUCCESS, **more: Any) -> Heartbeat | None:
    return world.call(PingHeartbeat, ReceivedPing(secret_hash(issued.key), kind, world.clock.now(), **more))


def alerts(world: World) -> list[Alert]:
    return [alert for stored in world.stored() for alert in stored.alerts]


def statuses(world: World) -> list[IncidentStatus]:
    return [stored.incident.status for stored in world.stored()]


def test_one_that_is_not_heard_in_time_pages(world: World) -> None:
    issued = expect(world)
    ping(world, issued)
    world.advance(HOUR + 5 * MINUTE - timedelta.resolution)
    assert world.stored() == ()

    world.advance(timedelta.resolution)

    (alert,) = alerts(world)
    assert alert.summary == "backup: no sign of life since 2026-11-23 12:00:00 UTC"
    assert alert.dedup_key == f"heartbeat/{issued.heartbeat.id}"
    assert alert.labels == {"heartbeat": "backup"}
    assert len(world.pages) > 0


def test_a_ping_ends_it(world: World) -> None:
    issued = expect(world)
    ping(world, issued)
    world.advance(2 * HOUR)
    ping(world, issued)
    assert statuses(world) == [IncidentStatus.RESOLVED]
    assert [alert.status for alert in alerts(world)] == [AlertStatus.CLEARED]


def test_as_long_as_it_is_heard_nobody_is_told(world: World) -> None:
    issued = expect(world)
    for _ in range(30):
        ping(world, issued)
        world.advance(HOUR)
    assert world.stored() == ()


def test_one_that_was_never_heard_pages_nobody(world: World) -> None:
    expect(world)
    world.advance(timedelta(days=30))
    assert world.stored() == ()


def test_a_failed_run_pages_at_once_and_shows_what_it_said(world: World) -> None:
    issued = expect(world)
    ping(world, issued, PingKind.FAIL, exit_status=3, output="x" * OUTPUT_CHARACTERS + "disk full")
    (alert,) = alerts(world)
    assert alert.summary == "backup: its run failed with exit status 3"
    assert str(alert.details["output"]).endswith("disk full")
    assert len(str(alert.details["output"])) == OUTPUT_CHARACTERS
    ping(world, issued, PingKind.FAIL)
    (alert,) = alerts(world)
    assert alert.occurrences == 2


def test_a_run_that_does_not_end_pages(world: World) -> None:
    issued = expect(world)
    ping(world, issued, PingKind.START)
    world.advance(5 * MINUTE)
    (alert,) = alerts(world)
    assert alert.summary == "backup: its run began at 2026-11-23 12:00:00 UTC and has not ended"


def test_after_another_silence_it_is_another_incident(world: World) -> None:
    issued = expect(world)
    for _ in range(2):
        ping(world, issued)
        world.advance(2 * HOUR)
    assert sorted(statuses(world)) == sorted([IncidentStatus.RESOLVED, statuses(world)[-1]])
    assert len(alerts(world)) == 2


def test_a_key_of_nobodys_is_nobodys(world: World) -> None:
    assert world.call(PingHeartbeat, ReceivedPing(secret_hash("hb_guess"), PingKind.SUCCESS, NOON)) is None


def test_what_looks_at_links_does_not_ping_one_that_takes_only_post(world: World) -> None:
    issued = expect(world, replace(HOURLY, is_post_only=True))
    ping(world, issued, is_post=False)
    assert world.call(GetHeartbeat, issued.heartbeat.id, actor=RESPONDER) == issued.heartbeat
    assert ping(world, issued, is_post=True) != issued.heartbeat


@pytest.mark.parametrize("how", ["pause", "remove"])
def test_nobody_waits_for_what_was_paused_or_removed(world: World, how: str) -> None:
    issued = expect(world)
    ping(world, issued)
    world.advance(2 * HOUR)
    if how == "pause":
        paused = world.call(UpdateHeartbeat, issued.heartbeat.id, HOURLY, is_paused=True, actor=ADMIN)
        assert paused.status is HeartbeatStatus.PAUSED
    else:
        world.call(RemoveHeartbeat, issued.heartbeat.id, actor=ADMIN)
        with pytest.raises(NotFoundError):
            world.call(GetHeartbeat, issued.heartbeat.id, actor=ADMIN)
    assert statuses(world) == [IncidentStatus.RESOLVED]


def test_a_change_counts_from_what_was_heard_last(world: World) -> None:
    issued = expect(world)
    ping(world, issued)
    slower = replace(HOURLY, name=" nightly ", period_seconds=7200)
    changed = world.call(UpdateHeartbeat, issued.heartbeat.id, slower, is_paused=False, version=2, actor=ADMIN)
    assert (changed.name, changed.next_deadline) == ("nightly", NOON + 2 * HOUR + 5 * MINUTE)
    assert changed.key_hash == issued.heartbeat.key_hash
    with pytest.raises(ConflictError):
        world.call(UpdateHeartbeat, issued.heartbeat.id, HOURLY, is_paused=False, version=2, actor=ADMIN)


def test_only_an_integration_for_heartbeats_has_them(world: World) -> None:
    with pytest.raises(InvalidValueError) as refused:
        world.call(CreateHeartbeat, SHOP_LOGS, HOURLY, actor=ADMIN)
    assert refused.value.field == "integration_id"


def test_only_who_configures_the_team_may(world: World) -> None:
    issued = expect(world)
    for forbidden in (
        lambda: world.call(CreateHeartbeat, SHOP_PROBES, HOURLY, actor=RESPONDER),
        lambda: world.call(UpdateHeartbeat, issued.heartbeat.id, HOURLY, is_paused=True, actor=RESPONDER),
        lambda: world.call(RemoveHeartbeat, issued.heartbeat.id, actor=RESPONDER),
    ):
        with pytest.raises(ForbiddenError):
            forbidden()
    page = world.call(ListHeartbeats, PageRequest(), integration_id=SHOP_PROBES, actor=RESPONDER)
    assert page.items == (issued.heartbeat,)


def test_the_key_is_kept_as_a_hash_and_told_from_an_id(world: World) -> None:
    issued = expect(world)
    assert issued.key.startswith("hb_")
    assert len(issued.key) == len("hb_") + 32
    assert issued.heartbeat.key_hash == secret_hash(issued.key)
