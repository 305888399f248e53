"""In health, exactly the pages that a policy promises leave, at the promised instants; and late ones are never rushed.

The oracle is a loop over rounds, steps, people and rules; the system takes the long way over storage, ticks and leases.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from application.incident.acknowledge import AcknowledgeIncident
from domain.alert.alert_event import AlertSeverity
from domain.escalation.events import EscalationExhausted, EscalationStepReached, EscalationStopped
from domain.escalation.policy import EscalationPolicy, TargetKind
from domain.notification.contact import Channel
from domain.notification.notification import Purpose
from domain.oncall.coverage import on_call
from domain.shared.ids import ScheduleId, TeamId, UserId
from domain.shared.urgency import Urgency
from tests.support import strategies
from tests.support.builders import (
    ADA,
    NOON,
    Town,
    a_contact,
    a_policy,
    a_rule,
    a_service,
    a_step,
    a_town,
    an_actor,
    an_integration,
    to_user,
)
from tests.support.laws import Lab
from tests.support.strategies import Reachable
from tests.support.world import World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)


class Expected(NamedTuple):
    at: datetime
    user_id: UserId
    channel: Channel
    address: str


def town_of(policy: EscalationPolicy, reachable: Reachable = ((), ())) -> Town:
    """The usual people, Ada reached as given, and one service with that policy."""
    usual = a_town()
    contacts, rules = reachable
    return a_town(
        contacts=(*(each for each in usual.contacts if each.user_id != ADA), *contacts),
        rules={**usual.rules, ADA: rules},
        policies=(policy,),
        services=(a_service(),),
        integrations=(an_integration(),),
    )


def promised(
    town: Town, policy: EscalationPolicy, *, at: datetime, urgency: Urgency
) -> tuple[list[Expected], datetime]:
    """The pages of a run that nobody answers, and when it is exhausted."""
    pages: list[Expected] = []
    for _ in range(policy.repeats + 1):
        for step in policy.steps:
            meant: list[UserId] = []
            for target in step.targets:
                match target.kind:
                    case TargetKind.USER:
                        meant.append(UserId(target.id))
                    case TargetKind.TEAM:
                        meant += next(team.member_ids for team in town.teams if team.id == TeamId(target.id))
                    case TargetKind.SCHEDULE:
                        meant += on_call(next(each for each in town.schedules if each.id == ScheduleId(target.id)), at)
            for user_id in set(meant):
                pages += promised_to(town, user_id, at=at, urgency=urgency)
            at += step.delay
    return sorted(pages), at


def promised_to(town: Town, user_id: UserId, *, at: datetime, urgency: Urgency) -> Iterator[Expected]:
    if not next(user.is_active for user in town.users if user.id == user_id):
        return
    contacts = {contact.id: contact for contact in town.contacts if contact.user_id == user_id}
    if any(contact.verified_at for contact in contacts.values()):
        contacts = {key: contact for key, contact in contacts.items() if contact.verified_at}
    rules = [rule for rule in town.rules.get(user_id, ()) if rule.urgency is urgency and rule.contact_id in contacts]
    if not rules:
        rules = [a_rule(contact, urgency=urgency) for contact in contacts.values()]
    for rule in rules:
        contact = contacts[rule.contact_id]
        yield Expected(at + rule.delay, user_id, contact.channel, contact.address)


def left(world: World, dedup_key: str = "disk") -> list[Expected]:
    """The pages about one alert, each when a courier first took it up: to send it, or to hold it back for a moment."""
    return sorted(
        Expected(record.attempts[0].started_at, page.user_id, page.channel, page.address)
        for stored in world.stored()
        if stored.incident.title.startswith(dedup_key)
        for record in stored.deliveries
        for page in (record.notification,)
        if page.purpose is Purpose.PAGE and page.user_id is not None and record.attempts
    )


def steps_reached(world: World) -> Sequence[EscalationStepReached]:
    (stored,) = world.stored()
    return [event for event in stored.events if isinstance(event, EscalationStepReached)]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))


def test_a_run_that_nobody_answers_sends_exactly_what_its_policy_promises_when_it_promises(lab: Lab) -> None:
    @lab.holds(policy=strategies.policies(), reachable=strategies.reachabilities(), urgency=strategies.urgencies)
    def _(policy: EscalationPolicy, reachable: Reachable, urgency: Urgency) -> None:
        town = town_of(policy, reachable)
        with lab.world(town) as world:
            world.trigger(severity=AlertSeverity.CRITICAL if urgency is Urgency.HIGH else AlertSeverity.INFO)
            world.advance(timedelta(days=3))

            pages, exhausted_at = promised(town, policy, at=NOON, urgency=urgency)
            assert left(world) == pages
            (stored,) = world.stored()
            assert [event.at for event in stored.events if isinstance(event, EscalationExhausted)] == [exhausted_at]


def test_an_acknowledgement_at_any_instant_lets_nothing_leave_after_it_and_takes_nothing_from_before(lab: Lab) -> None:
    @lab.holds(policy=strategies.policies(), reachable=strategies.reachabilities(), after=st.integers(0, 3000))
    def _(policy: EscalationPolicy, reachable: Reachable, after: int) -> None:
        town = town_of(policy, reachable)
        answered_at = NOON + timedelta(seconds=after)
        with lab.world(town) as world:
            world.trigger()
            world.advance_to(answered_at)
            (stored,) = world.stored()
            world.call(AcknowledgeIncident, stored.incident.id, actor=an_actor())
            world.settle()

            pages, exhausted_at = promised(town, policy, at=NOON, urgency=Urgency.HIGH)
            assert left(world) == [page for page in pages if page.at <= answered_at]
            (stored,) = world.stored()
            stopped = [event for event in stored.events if isinstance(event, EscalationStopped)]
            assert len(stopped) == (answered_at < exhausted_at)


def test_a_run_keeps_the_policy_version_it_began_with(lab: Lab) -> None:
    @lab.holds(before=strategies.policies(), after=strategies.policies(), edited_after=st.integers(0, 2000))
    def _(before: EscalationPolicy, after: EscalationPolicy, edited_after: int) -> None:
        town = town_of(before, ((a_contact(),), ()))
        edited_at = NOON + timedelta(seconds=edited_after)
        with lab.world(town) as world:
            world.trigger("disk")
            world.advance_to(edited_at)
            edited = a_policy(*after.steps, repeats=after.repeats, version=1)
            world.write(lambda ports: ports.policies.save(edited))
            world.trigger("load")
            world.settle()

            assert left(world, "disk") == promised(town, before, at=NOON, urgency=Urgency.HIGH)[0]
            assert left(world, "load") == promised(town, after, at=edited_at, urgency=Urgency.HIGH)[0]


def test_however_late_the_workers_are_each_step_comes_once_in_order_and_a_full_delay_after_the_one_before(
    lab: Lab,
) -> None:
    @lab.holds(policy=strategies.policies(), pauses=st.lists(st.integers(0, 4000), max_size=8))
    def _(policy: EscalationPolicy, pauses: list[int]) -> None:
        with lab.world(town_of(policy)) as world:
            world.trigger()
            for pause in pauses:
                world.clock.move_to(world.clock.now() + timedelta(seconds=pause))
                world.work()
            world.settle()

            reached = steps_reached(world)
            assert [(each.round, each.step) for each in reached] == [
                (number, step) for number in range(policy.repeats + 1) for step in range(len(policy.steps))
            ]
            for one, following in pairwise(reached):
                assert following.due_at == one.at + policy.steps[one.step].delay
                assert following.at >= following.due_at


@pytest.mark.parametrize("repeats", [0, 1, 2, 3])
def test_repeats_count_the_rounds_after_the_first(lab: Lab, repeats: int) -> None:
    policy = a_policy(a_step(to_user(ADA)), repeats=repeats)
    with lab.world(town_of(policy, ((a_contact(),), ()))) as world:
        world.trigger()
        world.settle()

        assert len(left(world)) == repeats + 1
        assert {event.round for event in steps_reached(world)} == set(range(repeats + 1))


def test_the_person_paged_is_the_one_on_call_when_the_step_is_really_reached(lab: Lab) -> None:
    usual = a_town()
    with lab.world(usual) as world:
        handoff = datetime.fromisoformat("2026-11-24T08:00:00Z")  # 09:00 in Berlin, in winter
        world.advance_to(handoff - timedelta(minutes=1))
        world.trigger()
        world.clock.move_to(handoff)  # nobody worked for a minute
        world.work()

        (schedule,) = usual.schedules
        assert steps_reached(world)[0].responders == on_call(schedule, handoff)
        assert on_call(schedule, handoff) != on_call(schedule, handoff - timedelta(minutes=1))
