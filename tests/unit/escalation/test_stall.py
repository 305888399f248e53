"""The second path of promise P2, and the sign of life for somebody else's dead man's switch."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from adapters.outbound.system.clock import ManualClock
from application.escalation.beat import BACKLOG_ALLOWED, TICK_MISSED_AFTER, Beat, why_silent
from application.escalation.tell_stalled import STALLED_FOR, TOLD_AT_ONCE, TellStalled
from application.ports.errors import TransientPortError
from application.routing.owner import RoutingOwner
from application.routing.set_routing import SetRouting
from domain.escalation.run import RunStatus
from domain.escalation.stall import StallReason, stall_reason
from domain.identity.role import Role
from domain.notification.contact import Channel
from entrypoints.worker import Pulse, WorkerMetrics, heartbeat
from tests.support.builders import ADA, CAT, CREW, NOON, a_contact, a_town, an_actor
from tests.support.routing import a_rule
from tests.support.world import IN_MEMORY, Ports, Trap, World, WorldNotifiers, core_container

SECOND = timedelta(seconds=1)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())
    yield made
    made.close()


def stall(world: World, count: int = 1, *, since: timedelta = STALLED_FOR) -> None:
    """Incidents that no worker looks at."""
    for number in range(count):
        world.trigger(f"disk {number}")
    world.clock.move_to(world.clock.now() + since)


def deliver(world: World) -> list[tuple[str, str]]:
    """What couriers have for people, whatever escalations do."""
    world.work()
    return [(notice.title, notice.address) for _, notice in world.notices]


@pytest.mark.parametrize(
    ("newest", "reason"),
    [
        (None, StallReason.NO_RUN),
        (RunStatus.RUNNING, StallReason.OVERDUE),
        (RunStatus.STOPPED, StallReason.STOPPED),
        (RunStatus.EXHAUSTED, StallReason.STOPPED),
    ],
)
def test_an_incident_stalls_for_a_reason_that_its_newest_run_tells(
    newest: RunStatus | None, reason: StallReason
) -> None:
    for is_muted in (False, True):
        assert stall_reason(newest, own_deadline=None, is_muted=is_muted, at=NOON) is reason
        assert stall_reason(newest, own_deadline=NOON + SECOND, is_muted=is_muted, at=NOON) is reason
    assert reason.sentence


def test_an_incident_whose_own_deadline_has_passed_stalls_for_that_whatever_its_runs_tell() -> None:
    for newest in (None, *RunStatus):
        found = (stall_reason(newest, own_deadline=NOON, is_muted=is_muted, at=NOON) for is_muted in (False, True))
        assert list(found) == [StallReason.INCIDENT_OVERDUE, StallReason.MUTE_OVERDUE]
    assert StallReason.INCIDENT_OVERDUE.sentence


def test_whoever_is_told_of_one_whose_mute_nobody_looked_at_is_told_that_it_is_muted(world: World) -> None:
    rule = a_rule("patience", delay=STALLED_FOR)
    world.call(SetRouting, RoutingOwner(CREW), (rule,), actor=an_actor(ADA, Role.ADMIN))
    stall(world)
    assert world.call(TellStalled) == 0
    world.clock.move_to(world.clock.now() + STALLED_FOR)
    assert world.call(TellStalled) == 1

    (report,) = world.alarm.heard
    assert report.reason is StallReason.MUTE_OVERDUE
    assert "mute" in StallReason.MUTE_OVERDUE.sentence


def test_whoever_is_named_is_told_of_an_incident_that_stalled_past_all_policies(world: World) -> None:
    stall(world)
    assert world.call(TellStalled) == 1

    assert deliver(world) == [("Stalled: INC-1 disk 0 is unwell", a_contact(CAT, Channel.SLACK).address)]
    (_, notice) = world.notices[0]
    assert "its escalation was due, and no worker moved it" in notice.text
    assert notice.url is not None
    assert notice.url.endswith("/v1/incidents/INC-1")


def test_before_the_grace_nobody_is_told(world: World) -> None:
    stall(world, since=STALLED_FOR - SECOND)
    assert world.call(TellStalled) == 0

    assert deliver(world) == []
    assert world.alarm.heard == []


def test_an_incident_is_told_once_a_day_whichever_worker_sees_it(world: World) -> None:
    stall(world)
    for _ in range(3):
        world.call(TellStalled)
    assert len(world.alarm.heard) == 1
    world.clock.move_to(NOON + timedelta(days=1))
    world.call(TellStalled)

    assert len(world.alarm.heard) == 2
    assert len(deliver(world)) == 2


def test_a_fault_that_stalls_many_is_told_by_the_oldest(world: World) -> None:
    stall(world, TOLD_AT_ONCE + 5)
    for _ in range(2):
        assert world.call(TellStalled) == TOLD_AT_ONCE

    assert len(world.alarm.heard) == TOLD_AT_ONCE
    told = [title for title, _ in deliver(world) if title.startswith("Stalled")]
    assert len(told) == TOLD_AT_ONCE


def test_without_anybody_named_who_is_active_every_active_admin_is_told(world: World) -> None:
    stall(world)

    async def reorganize(ports: Ports) -> None:
        await ports.users.save(replace(await ports.users.get(CAT), is_active=False))
        await ports.users.save(replace(await ports.users.get(ADA), role=Role.ADMIN))

    world.write(reorganize)
    world.call(TellStalled)

    addresses = {address for _, address in deliver(world)}
    assert addresses == {a_contact(ADA).address, a_contact(ADA, Channel.SLACK).address}


def test_the_alarm_sounds_with_what_is_known_of_the_incident(world: World) -> None:
    stall(world)
    world.call(TellStalled)

    (report,) = world.alarm.heard
    assert (report.reference, report.service, report.reason) == ("INC-1", "Service 41", StallReason.OVERDUE)


def test_an_alarm_that_was_not_heard_sounds_again_and_people_are_told_all_the_same(world: World) -> None:
    stall(world)
    world.alarm.is_deaf = True
    with pytest.raises(TransientPortError):
        world.call(TellStalled)
    world.alarm.is_deaf = False
    world.call(TellStalled)

    assert len(world.alarm.heard) == 1
    assert len(deliver(world)) == 1


def test_the_heart_beats_while_nothing_is_wrong() -> None:
    due = {Channel.EMAIL: NOON - BACKLOG_ALLOWED, Channel.SLACK: None}
    assert why_silent(ticked_at=NOON - TICK_MISSED_AFTER, stalled=0, earliest=due, at=NOON) is None


def test_the_heart_stops_and_says_why() -> None:
    fine = {Channel.EMAIL: None, Channel.SLACK: NOON}
    assert why_silent(ticked_at=None, stalled=0, earliest=fine, at=NOON) == "no escalation was looked at yet"
    late = NOON - TICK_MISSED_AFTER - SECOND
    assert why_silent(ticked_at=late, stalled=0, earliest=fine, at=NOON) == "no escalation was looked at for 30 seconds"
    assert why_silent(ticked_at=NOON, stalled=2, earliest=fine, at=NOON) == "2 incidents have stalled"
    backlog = {**fine, Channel.EMAIL: NOON - BACKLOG_ALLOWED - SECOND}
    assert why_silent(ticked_at=NOON, stalled=0, earliest=backlog, at=NOON) == (
        "messages by email wait for more than 5 minutes"
    )


def test_a_stalled_incident_stops_the_heart(world: World) -> None:
    assert world.call(Beat, ticked_at=NOON) is None
    assert world.alarm.beats == 1

    stall(world)
    assert world.call(Beat, ticked_at=world.clock.now()) == "1 incidents have stalled"
    assert world.alarm.beats == 1


async def test_a_worker_beats_only_after_it_has_looked_at_escalations() -> None:
    clock, trap, registry = ManualClock(NOON), Trap(), CollectorRegistry()
    container = core_container(IN_MEMORY, clock=clock, notifiers=WorldNotifiers(clock, trap), gate=trap, seed=1)
    pulse, name = Pulse(), "tocsin_heartbeat_last_success_timestamp_seconds"
    beat = heartbeat(container, clock, pulse, WorkerMetrics(registry))
    await beat()
    assert registry.get_sample_value(name) == 0

    pulse.ticked_at = NOON
    await beat()
    assert registry.get_sample_value(name) == NOON.timestamp()
    await container.close()
