"""Answers and reports that meet in the database: each waits where it must, and decides on what is really there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from dishka import AsyncContainer

from adapters.outbound.memory.alarm import MemoryAlarm
from adapters.outbound.system.clock import ManualClock
from application.alert.ingest import IngestEvents
from application.escalation.advance import NO_ROOM, AdvanceEscalations
from application.escalation.tell_stalled import TellStalled
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.reopen import ReopenIncident
from application.notification.lease import LeaseNotifications, Room
from application.notification.send import Sent
from application.notification.settle import SettleNotifications
from application.ports.notifier import Delivery, Outcome
from application.ports.readers import IncidentQuery
from application.routing.owner import RoutingOwner
from application.routing.set_routing import SetRouting
from domain.alert.alert import AlertStatus
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.alert.events import AlertJoined
from domain.escalation.events import EscalationExhausted
from domain.escalation.policy import EscalationPolicy, WhenExhausted
from domain.identity.role import Role
from domain.incident.events import IncidentReopened, IncidentWorsened
from domain.incident.incident import IncidentStatus
from domain.notification.contact import Channel
from domain.notification.fall_back import FALL_BACK_POSITION
from domain.notification.notification import NotificationStatus
from domain.routing.matcher import parse_matchers
from domain.routing.route import Effect, Rule
from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.ids import IncidentId
from domain.shared.severity import Severity
from tests.support.at_once import SOON, Turnstile, containers_over
from tests.support.builders import (
    CREW,
    MINUTE,
    NOON,
    SHOP_PROBES,
    a_policy,
    a_step,
    a_town,
    an_actor,
    an_event,
    only_for,
)
from tests.support.world import (
    Gate,
    Ports,
    Stored,
    Trap,
    received,
    stored_of,
)


class Process:
    """One of several processes over one database."""

    def __init__(self, container: AsyncContainer) -> None:
        self._container = container

    async def receive(self, *events: AlertEvent) -> None:
        async with self._container() as scope:
            ports = await scope.get(Ports)
            ingest = await scope.get(IngestEvents)
            await ingest([await received(ports, SHOP_PROBES, event) for event in events])

    async def acknowledge(self, incident_id: IncidentId) -> None:
        async with self._container() as scope:
            await (await scope.get(AcknowledgeIncident))(incident_id, actor=an_actor())

    async def reopen(self, incident_id: IncidentId) -> None:
        async with self._container() as scope:
            await (await scope.get(ReopenIncident))(incident_id, actor=an_actor())

    async def advance(self, *, room: Room = NO_ROOM) -> None:
        async with self._container() as scope:
            await (await scope.get(AdvanceEscalations))(room=room)

    async def tell_stalled(self) -> None:
        """Some minutes later."""
        (await self._container.get(ManualClock)).move_to(NOON + 10 * MINUTE)
        async with self._container() as scope:
            await (await scope.get(TellStalled))()

    async def told(self) -> tuple[int, int]:
        """How many notices wait for their couriers, and how often this process sounded the alarm."""
        async with self._container() as scope:
            backlog = await (await scope.get(Ports)).notifications.backlog(at=NOON + 10 * MINUTE)
        return sum(backlog.values()), len((await self._container.get(MemoryAlarm)).heard)

    async def refused(self) -> Sequence[Sent]:
        """The pages that are due, each refused for good."""
        async with self._container() as scope:
            lease = await scope.get(LeaseNotifications)
            due = [each for channel in Channel for bundle in await lease(channel, limit=10) for each in bundle]
        return [Sent(each, Delivery(outcome=Outcome.REJECTED), NOON, NOON) for each in due]

    async def settle(self, sent: Sequence[Sent]) -> None:
        async with self._container() as scope:
            await (await scope.get(SettleNotifications))(sent)

    async def stored(self) -> tuple[Stored, ...]:
        async with self._container() as scope:
            ports = await scope.get(Ports)
            listed = await ports.incident_reader.list(IncidentQuery(oldest_first=True))
            return tuple([await stored_of(ports, summary) for summary in listed.items])

    async def settle_in(self) -> None:
        async with self._container() as scope:
            await (await scope.get(Ports)).settle_in(a_town())

    async def rule(self, effect: Effect, matchers: str = "") -> None:
        async with self._container() as scope:
            rule = Rule(name="rule", matchers=parse_matchers(matchers), effect=effect)
            await (await scope.get(SetRouting))(RoutingOwner(CREW), (rule,), actor=an_actor(role=Role.ADMIN))

    async def pass_time(self, span: timedelta) -> None:
        clock = await self._container.get(ManualClock)
        clock.move_to(clock.now() + span)

    async def save(self, policy: EscalationPolicy) -> None:
        async with self._container() as scope:
            ports = await scope.get(Ports)
            async with ports.transaction:
                await ports.policies.save(policy)


type NewProcess = Callable[[Gate], Process]


@pytest.fixture
async def new_process(clean_database: str) -> AsyncIterator[NewProcess]:
    async with containers_over(clean_database) as new_container:
        yield lambda gate: Process(new_container(gate))


@pytest.fixture
async def process(new_process: NewProcess) -> Process:
    made = new_process(Trap())
    await made.settle_in()
    return made


async def meeting(turnstile: Turnstile, first: Coroutine[Any, Any, None], second: Coroutine[Any, Any, None]) -> None:
    """Let the second begin when the first is about to commit, and both end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(first)
        await turnstile.reached.wait()
        waiting = group.create_task(second)
        await asyncio.wait([waiting], timeout=SOON)
        turnstile.opened.set()


def report(dedup_key: str, action: AlertAction = AlertAction.TRIGGER) -> AlertEvent:
    return an_event(dedup_key, action, group_key="rack")


async def test_the_last_two_alerts_of_an_incident_cleared_at_once_resolve_it(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"), report("load"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(
        turnstile,
        gated.receive(report("disk", AlertAction.RESOLVE)),
        process.receive(report("load", AlertAction.RESOLVE)),
    )

    (stored,) = await process.stored()
    assert stored.incident.status is IncidentStatus.RESOLVED


async def test_an_alert_that_joins_while_the_others_are_cleared_keeps_the_incident_open(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.receive(report("load")), process.receive(report("disk", AlertAction.RESOLVE)))

    (stored,) = await process.stored()
    assert stored.incident.is_open


async def test_an_alert_that_comes_while_its_incident_is_resolved_opens_another(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.receive(report("disk", AlertAction.RESOLVE)), process.receive(report("load")))

    first, second = await process.stored()
    assert (first.incident.is_open, second.incident.is_open) == (False, True)
    assert [alert.dedup_key for alert in second.alerts] == ["load"]


async def test_alerts_that_come_at_once_after_their_incident_was_resolved_reopen_it_once(
    process: Process, new_process: NewProcess
) -> None:
    for _ in range(2):
        await process.receive(report("disk"))
        await process.receive(report("disk", AlertAction.RESOLVE))
        await process.pass_time(MINUTE)
    await process.rule(Effect(reopen_within=5 * MINUTE))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.receive(report("disk")), process.receive(report("load")))

    before, last = await process.stored()
    assert (before.incident.is_open, last.incident.is_open) == (False, True)
    assert [alert.dedup_key for alert in last.alerts] == ["disk", "disk", "load"]
    assert [sum(isinstance(event, kind) for event in last.events) for kind in (IncidentReopened, AlertJoined)] == [1, 1]


async def test_alerts_of_one_new_kind_that_come_at_once_page_their_incident_again_but_once(
    process: Process, new_process: NewProcess
) -> None:
    await process.rule(Effect(page_again_by=("alertname",)))
    await process.receive(report("disk"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    disk, load = (replace(report(key), labels={"alertname": "Load"}) for key in ("disk 2", "load"))
    await meeting(turnstile, gated.receive(disk), process.receive(load))

    (stored,) = await process.stored()
    assert len(stored.alerts) == 3
    assert sum(isinstance(event, IncidentWorsened) for event in stored.events) == 1


async def test_an_alert_that_comes_while_its_incident_is_resolved_reopens_it(
    process: Process, new_process: NewProcess
) -> None:
    await process.rule(Effect(reopen_within=MINUTE))
    await process.receive(report("disk"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.receive(report("disk", AlertAction.RESOLVE)), process.receive(report("load")))

    (stored,) = await process.stored()
    assert stored.incident.is_open
    assert isinstance(stored.events[-1], IncidentReopened)


async def test_an_alert_whose_group_is_opened_while_it_would_reopen_it_joins(
    process: Process, new_process: NewProcess
) -> None:
    await process.rule(Effect(reopen_within=MINUTE), 'soon="yes"')
    await process.receive(report("disk"))
    await process.receive(report("disk", AlertAction.RESOLVE))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    again = replace(report("load"), labels={"soon": "yes"})
    await meeting(turnstile, gated.receive(report("disk")), process.receive(again))

    over, still_open = sorted(await process.stored(), key=lambda stored: stored.incident.is_open)
    assert [alert.dedup_key for alert in over.alerts] == ["disk"]
    assert sorted(alert.dedup_key for alert in still_open.alerts) == ["disk", "load"]


async def crossing(
    process: Process, new_process: NewProcess, ours: Sequence[AlertEvent], theirs: Sequence[AlertEvent]
) -> None:
    """Two batches at once, of which ours waits halfway for the group "b" until theirs is where it must wait."""
    turnstile = Turnstile()
    gated, other = new_process(turnstile), new_process(Trap())
    async with asyncio.TaskGroup() as group:
        group.create_task(gated.receive(of_group("b", "in the way")))
        await turnstile.reached.wait()
        halfway = group.create_task(process.receive(*ours))
        await asyncio.wait([halfway], timeout=SOON)
        assert not halfway.done()
        group.create_task(other.receive(*theirs))
        await asyncio.sleep(SOON)
        turnstile.opened.set()


def of_group(group_key: str, dedup_key: str, action: AlertAction = AlertAction.TRIGGER, **labels: str) -> AlertEvent:
    return an_event(dedup_key, action, group_key=group_key, labels=labels)


async def test_a_batch_that_may_reopen_and_one_that_joins_the_same_groups_never_wait_for_each_other(
    process: Process, new_process: NewProcess
) -> None:
    await process.rule(Effect(reopen_within=MINUTE), 'soon="yes"')
    await process.receive(*[of_group(each, f"first of {each}") for each in "bcz"])

    ours = [of_group("z", "1", soon="yes"), of_group("b", "2"), of_group("c", "3")]
    await crossing(process, new_process, ours, [of_group("c", "4"), of_group("z", "5")])

    joined = {
        each.incident.group_key: sorted(alert.dedup_key for alert in each.alerts) for each in await process.stored()
    }
    assert joined == {
        "b": ["2", "first of b", "in the way"],
        "c": ["3", "4", "first of c"],
        "z": ["1", "5", "first of z"],
    }


@pytest.mark.parametrize("begun", ["zBba", "abBz"])
async def test_a_batch_that_joins_groups_and_one_that_clears_their_alerts_never_wait_for_each_other(
    process: Process, new_process: NewProcess, begun: str
) -> None:
    for each in begun:  # one after the other, so that their ids are in this order
        await process.receive(of_group(each, f"first of {each}"))

    ours = [of_group(each, f"second of {each}") for each in "aBbz"]
    theirs = [of_group(each, f"first of {each}", AlertAction.RESOLVE) for each in "azB"]
    await crossing(process, new_process, ours, theirs)

    assert all(each.incident.is_open for each in await process.stored())


async def test_a_person_who_waits_in_a_circle_with_others_still_reopens(process: Process, clean_database: str) -> None:
    """Somebody opens another incident of the same group, gives it up, and asks for this one meanwhile."""
    for key in ("one", "other"):
        await process.receive(report(key))
        await process.receive(report(key, AlertAction.RESOLVE))
    one, other = [stored.incident.id for stored in await process.stored()]
    somebody = await asyncpg.connect(clean_database)
    try:
        theirs = somebody.transaction()
        await theirs.start()
        await somebody.execute("UPDATE incidents SET status = 'triggered' WHERE id = $1", other)
        reopening = asyncio.create_task(process.reopen(one))
        await asyncio.wait([reopening], timeout=SOON)
        await somebody.execute("SELECT FROM incidents WHERE id = $1 FOR UPDATE", one)
        await theirs.rollback()
        await reopening
    finally:
        await somebody.close()

    assert [stored.incident.status for stored in await process.stored()] == [
        IncidentStatus.TRIGGERED,
        IncidentStatus.RESOLVED,
    ]


async def test_the_same_trigger_received_at_once_opens_one_incident(process: Process, new_process: NewProcess) -> None:
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.receive(report("disk")), process.receive(report("disk")))

    (stored,) = await process.stored()
    (alert,) = stored.alerts
    assert alert.occurrences == 2


async def test_an_acknowledgement_during_a_tick_cancels_the_pages_of_that_tick(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    (stored,) = await process.stored()
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.advance(), process.acknowledge(stored.incident.id))

    (stored,) = await process.stored()
    assert stored.pages
    assert {page.status for page in stored.pages} == {NotificationStatus.CANCELLED}


async def test_an_acknowledgement_during_a_tick_that_hands_pages_over_knows_that_they_are_under_way(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    (stored,) = await process.stored()
    turnstile = Turnstile()
    gated = new_process(turnstile)
    room = dict.fromkeys(Channel, 9)
    await meeting(turnstile, gated.advance(room=room), process.acknowledge(stored.incident.id))

    (stored,) = await process.stored()
    at_once = [page for page in stored.pages if page.created_at == NOON and page.attempts]
    assert at_once
    assert all(page.was_overtaken for page in at_once)
    others = [page for page in stored.pages if page not in at_once]
    assert {page.status for page in others} <= {NotificationStatus.CANCELLED}


async def test_a_tick_during_an_acknowledgement_makes_no_page(process: Process, new_process: NewProcess) -> None:
    await process.receive(report("disk"))
    (stored,) = await process.stored()
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.acknowledge(stored.incident.id), process.advance())
    await process.advance()

    (stored,) = await process.stored()
    assert stored.pages == ()


async def test_an_acknowledgement_while_a_tick_finds_that_nobody_answered_keeps_the_incident_from_being_resolved(
    process: Process, new_process: NewProcess
) -> None:
    passed_over = a_step(condition=only_for(Severity.SEV5))
    await process.save(a_policy(passed_over, when_exhausted=WhenExhausted.RESOLVE, version=1))
    await process.receive(report("disk"))
    (stored,) = await process.stored()
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.advance(), process.acknowledge(stored.incident.id))

    (stored,) = await process.stored()
    assert stored.incident.status is IncidentStatus.ACKNOWLEDGED
    assert not any(isinstance(event, EscalationExhausted) for event in stored.events)


async def test_an_alert_that_joins_while_nobody_answered_is_cleared_with_the_others(
    process: Process, new_process: NewProcess
) -> None:
    passed_over = a_step(condition=only_for(Severity.SEV5))
    await process.save(a_policy(passed_over, when_exhausted=WhenExhausted.RESOLVE, version=1))
    await process.receive(report("disk"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.receive(report("load")), process.advance())

    (stored,) = await process.stored()
    assert stored.incident.status is IncidentStatus.RESOLVED
    assert [alert.status for alert in stored.alerts] == [AlertStatus.CLEARED] * 2


async def test_an_acknowledgement_while_a_refused_page_falls_back_cancels_what_stands_in_for_it(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    await process.advance()
    refused = await process.refused()
    (stored,) = await process.stored()
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.settle(refused), process.acknowledge(stored.incident.id))

    (stored,) = await process.stored()
    fall_backs = [page for page in stored.pages if page.rule_position >= FALL_BACK_POSITION]
    assert fall_backs
    assert {page.status for page in fall_backs} == {NotificationStatus.CANCELLED}


async def test_a_page_that_is_refused_while_somebody_acknowledges_does_not_fall_back(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    await process.advance()
    refused = await process.refused()
    (stored,) = await process.stored()
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.acknowledge(stored.incident.id), process.settle(refused))

    (stored,) = await process.stored()
    assert refused
    assert [page for page in stored.pages if page.rule_position >= FALL_BACK_POSITION] == []


async def test_two_workers_that_see_a_stalled_incident_at_once_tell_of_it_once(
    process: Process, new_process: NewProcess
) -> None:
    await process.receive(report("disk"))
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await meeting(turnstile, gated.tell_stalled(), process.tell_stalled())

    (notices, sounded), (_, also_sounded) = await process.told(), await gated.told()
    assert (notices, sounded + also_sounded) == (1, 1)


async def test_alerts_that_come_at_once_after_a_window_open_one_incident_more(
    process: Process, new_process: NewProcess
) -> None:
    await process.rule(Effect(group_window=GroupWindow(kind=WindowKind.FIXED, seconds=120)))
    await process.receive(report("disk"))
    await process.pass_time(2 * MINUTE)
    turnstile = Turnstile()
    gated = new_process(turnstile)
    await gated.pass_time(2 * MINUTE)
    await meeting(turnstile, gated.receive(report("load")), process.receive(report("fan")))

    before, after = await process.stored()
    assert (before.incident.is_open, before.incident.followed_by) == (True, after.incident.id)
    assert {alert.dedup_key for alert in after.alerts} == {"load", "fan"}
    assert [sum(isinstance(event, AlertJoined) for event in each.events) for each in (before, after)] == [0, 1]
