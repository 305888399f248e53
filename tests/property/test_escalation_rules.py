"""What policies say with conditions, turns and endings is what the system does, over memory and PostgreSQL."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from application.alert.ingest import INCIDENT_SEVERITY
from application.escalation.move import MoveToNewestVersion
from application.incident.acknowledge import AcknowledgeIncident
from domain.alert.alert import AlertStatus
from domain.alert.alert_event import AlertSeverity
from domain.escalation.condition import Circumstances, LabelMatch, StepCondition
from domain.escalation.events import (
    EscalationEvent,
    EscalationExhausted,
    EscalationFallBackPaged,
    EscalationMoved,
    EscalationStepReached,
    EscalationStepSkipped,
)
from domain.escalation.fall_back import FallBack
from domain.escalation.plan import Position, timetable
from domain.escalation.policy import EscalationPolicy, StepMode, WhenExhausted
from domain.incident.events import IncidentResolved
from domain.incident.incident import IncidentStatus
from domain.notification.notification import NotificationStatus, Purpose
from domain.shared.ids import TeamId, UserId
from domain.shared.priority import MOVED, priority_of
from domain.shared.severity import Severity
from domain.shared.via import Via
from tests.support import strategies
from tests.support.builders import (
    ADA,
    BEN,
    CAT,
    CREW,
    MINUTE,
    NOON,
    SHOP_PROBES,
    Town,
    a_contact,
    a_policy,
    a_rule,
    a_service,
    a_step,
    a_town,
    an_actor,
    an_event,
    an_integration,
    only_for,
    to_user,
)
from tests.support.laws import Lab
from tests.support.world import Stored, World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)

NEVER = only_for(Severity.SEV5)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))


def town_of(policy: EscalationPolicy, **more: Any) -> Town:
    return a_town(policies=(policy,), services=(a_service(),), integrations=(an_integration(),), **more)


def the(world: World) -> Stored:
    (stored,) = world.stored()
    return stored


def facts(stored: Stored) -> list[EscalationEvent]:
    return [event for event in stored.events if isinstance(event, EscalationEvent)]


def told(stored: Stored) -> list[tuple[UserId, ...]]:
    return [event.responders for event in stored.events if isinstance(event, EscalationStepReached)]


def gone_through(events: Sequence[EscalationEvent]) -> Iterator[tuple[datetime, str, Position | None]]:
    for event in events:
        match event:
            case EscalationStepSkipped():
                yield event.at, "skipped", Position(event.round, event.step)
            case EscalationStepReached():
                yield event.at, "reached", Position(event.round, event.step)
            case EscalationExhausted():
                yield event.at, "exhausted", None


def promised(policy: EscalationPolicy, like: Circumstances) -> Iterator[tuple[datetime, str, Position | None]]:
    for at, look in timetable(policy, start=NOON, circumstances=like):
        for skipped in look.skipped:
            yield at, "skipped", skipped.position
        if look.reached is not None:
            yield at, "reached", look.reached
        if look.is_exhausted:
            yield at, "exhausted", None


def test_a_run_that_nobody_answers_goes_through_exactly_what_the_timetable_says(lab: Lab) -> None:
    @lab.holds(
        policy=strategies.conditional_policies(),
        severity=st.sampled_from(AlertSeverity),
        tier=st.sampled_from((None, *MOVED)),
        labels=strategies.some_labels,
    )
    def _(policy: EscalationPolicy, severity: AlertSeverity, tier: int | None, labels: dict[str, str]) -> None:
        town = a_town(policies=(policy,), services=(a_service(tier=tier),), integrations=(an_integration(),))
        with lab.world(town) as world:
            world.trigger(severity=severity, labels=labels, group_key="rack")
            world.trigger("load", labels={"region": "elsewhere"}, group_key="rack")  # joins, and changes nothing
            world.settle()

            stored = the(world)
            grade = INCIDENT_SEVERITY[severity]
            like = Circumstances(
                severity=grade,
                urgency=stored.incident.urgency,
                priority=priority_of(grade, tier=tier),
                labels=labels,
            )
            assert list(gone_through(facts(stored))) == list(promised(policy, like))
            assert world.count_stalled() == 0


def test_while_a_round_is_waited_out_nothing_is_stalled(lab: Lab) -> None:
    policy = a_policy(a_step(condition=NEVER), repeats=2)
    with lab.world(town_of(policy)) as world:
        world.trigger()
        world.work()

        assert the(world).summary.next_escalation_at == NOON + 5 * MINUTE
        assert world.count_stalled() == 0


def test_a_step_for_one_label_pages_only_for_incidents_whose_first_alert_has_it(lab: Lab) -> None:
    north = StepCondition(labels=(LabelMatch(name="region", value="north"),))
    with lab.world(town_of(a_policy(a_step(to_user(BEN), condition=north), a_step(to_user(ADA))))) as world:
        world.trigger("disk", labels={"region": "north"})
        world.trigger("load", labels={"region": "south"})
        world.work()

        assert [told(stored) for stored in world.stored()] == [[(BEN,)], [(ADA,)]]


def test_turns_are_taken_one_after_the_other_whichever_incident_they_are_for(lab: Lab) -> None:
    users = (ADA, BEN, CAT)

    @lab.holds(batches=st.lists(st.integers(1, 5), min_size=1, max_size=5))
    def _(batches: list[int]) -> None:
        policy = a_policy(a_step(*map(to_user, users), mode=StepMode.ROUND_ROBIN, delay=timedelta(days=7)))
        with lab.world(town_of(policy)) as world:
            for number, size in enumerate(batches):
                world.receive_all([(SHOP_PROBES, an_event(f"{number}/{each}")) for each in range(size)])
                world.work()

            paged = [one for stored in world.stored() for (one,) in told(stored)]
            least, rest = divmod(sum(batches), len(users))
            assert sorted(Counter(dict.fromkeys(users, 0) | Counter(paged)).values()) == sorted(
                least + (place < rest) for place in range(len(users))
            )
            ordered = [user for size in range(sum(batches)) for user in (users[size % len(users)],)]
            assert Counter(paged) == Counter(ordered)


def test_turns_go_on_where_they_were_after_a_policy_was_edited(lab: Lab) -> None:
    policy = a_policy(a_step(to_user(ADA), to_user(BEN), mode=StepMode.ROUND_ROBIN))
    with lab.world(town_of(policy)) as world:
        world.trigger("disk")
        world.work()
        edited = a_policy(*policy.steps, repeats=1, version=1)
        world.write(lambda ports: ports.policies.save(edited))
        world.trigger("load")
        world.work()

        assert [told(stored) for stored in world.stored()] == [[(ADA,)], [(BEN,)]]


def test_an_incident_that_nobody_answered_is_resolved_by_the_system_and_its_alerts_are_cleared(lab: Lab) -> None:
    mail = a_contact()
    rules = {ADA: (a_rule(mail), a_rule(mail, after=30 * MINUTE, position=1))}
    policy = a_policy(a_step(to_user(ADA)), when_exhausted=WhenExhausted.RESOLVE)
    with lab.world(town_of(policy, contacts=(mail,), rules=rules)) as world:
        world.trigger()
        world.settle()

        stored = the(world)
        assert (stored.incident.status, stored.incident.resolved_by) == (IncidentStatus.RESOLVED, None)
        assert stored.incident.resolved_at == NOON + 5 * MINUTE
        assert [alert.status for alert in stored.alerts] == [AlertStatus.CLEARED]
        (exhausted,) = [event for event in stored.events if isinstance(event, EscalationExhausted)]
        assert exhausted.outcome is WhenExhausted.RESOLVE
        (resolved,) = [event for event in stored.events if isinstance(event, IncidentResolved)]
        assert (resolved.via, resolved.by) == (Via.SYSTEM, None)
        assert [page.status for page in stored.pages] == [NotificationStatus.SENT, NotificationStatus.CANCELLED]


def test_an_answer_that_comes_first_keeps_the_system_from_resolving(lab: Lab) -> None:
    policy = a_policy(a_step(to_user(ADA)), when_exhausted=WhenExhausted.RESOLVE)
    with lab.world(town_of(policy)) as world:
        world.trigger()
        world.advance_to(NOON + 4 * MINUTE)
        world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor())
        world.settle()

        assert the(world).incident.status is IncidentStatus.ACKNOWLEDGED


def test_many_incidents_that_nobody_answered_are_resolved_together(lab: Lab) -> None:
    policy = a_policy(a_step(to_user(ADA)), when_exhausted=WhenExhausted.RESOLVE)
    with lab.world(town_of(policy)) as world:
        world.receive_all([(SHOP_PROBES, an_event(f"disk {number}")) for number in range(6)])
        world.settle()

        assert {stored.incident.status for stored in world.stored()} == {IncidentStatus.RESOLVED}


@pytest.mark.parametrize(("team_id", "pages"), [(CREW, (BEN,)), (None, (CAT,))])
def test_the_last_resort_is_paged_once_when_a_policy_is_exhausted(
    lab: Lab, team_id: TeamId | None, pages: tuple[UserId, ...]
) -> None:
    policy = a_policy(a_step(to_user(ADA)), repeats=1, when_exhausted=WhenExhausted.FALL_BACK)
    with lab.world(town_of(policy)) as world:
        world.write(lambda ports: ports.fall_backs.save(FallBack(team_id=team_id, targets=(to_user(pages[0]),))))
        world.trigger()
        world.settle()

        stored = the(world)
        assert stored.incident.status is IncidentStatus.TRIGGERED
        assert [type(event) for event in facts(stored)][-2:] == [EscalationExhausted, EscalationFallBackPaged]
        last = facts(stored)[-1]
        assert isinstance(last, EscalationFallBackPaged)
        assert (last.at, last.responders, last.unreachable) == (NOON + 10 * MINUTE, pages, ())
        assert pages[0] in {page.user_id for page in stored.pages if page.purpose is Purpose.PAGE}
        assert world.count_stalled() == 0


def test_a_teams_own_last_resort_goes_before_the_installations(lab: Lab) -> None:
    policy = a_policy(a_step(condition=NEVER), when_exhausted=WhenExhausted.FALL_BACK)
    with lab.world(town_of(policy)) as world:
        for team_id, user_id in ((CREW, BEN), (None, CAT)):
            fall_back = FallBack(team_id=team_id, targets=(to_user(user_id),))
            world.write(lambda ports, fall_back=fall_back: ports.fall_backs.save(fall_back))  # type: ignore[misc]
        world.trigger()
        world.work()

        last = facts(the(world))[-1]
        assert isinstance(last, EscalationFallBackPaged)
        assert last.responders == (BEN,)


def test_a_run_that_moves_pages_by_the_newest_version_from_the_same_step_at_the_same_time(lab: Lab) -> None:
    first, second, last = (a_step(to_user(user)) for user in (ADA, BEN, CAT))
    with lab.world(town_of(a_policy(first, second))) as world:
        world.trigger()
        world.advance_to(NOON + MINUTE)
        edited = a_policy(last, first, second, last, version=1)
        world.write(lambda ports: ports.policies.save(edited))
        world.call(MoveToNewestVersion, the(world).incident.id, actor=an_actor())
        world.settle()

        stored = the(world)
        assert told(stored) == [(ADA,), (BEN,), (CAT,)]
        (moved,) = [event for event in facts(stored) if isinstance(event, EscalationMoved)]
        assert (moved.from_version, moved.to_version, moved.round, moved.step) == (1, 2, 0, 2)
        reached = [event for event in facts(stored) if isinstance(event, EscalationStepReached)]
        assert [event.at for event in reached] == [NOON, NOON + 5 * MINUTE, NOON + 10 * MINUTE]
        assert {event.run_id for event in reached} == {moved.run_id, moved.successor_id}


def test_who_has_acknowledged_gets_no_further_page_and_everyone_else_is_paged_as_ever(lab: Lab) -> None:
    @lab.holds(
        policy=strategies.policies(), answers=st.dictionaries(strategies.responders, strategies.spans, max_size=2)
    )
    def _(policy: EscalationPolicy, answers: dict[UserId, timedelta]) -> None:
        town = a_town(
            policies=(policy,),
            services=(a_service(acknowledgements_required=3),),
            integrations=(an_integration(),),
        )
        with lab.world(town) as world:
            world.trigger()
            for user_id, after in sorted(answers.items(), key=lambda each: each[1]):
                world.advance_to(NOON + after)
                world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor(user_id))
            world.settle()

            stored = the(world)
            paged = {(page.run_id, page.round, page.step, page.user_id) for page in stored.pages if page.user_id}
            for event in stored.events:
                if not isinstance(event, EscalationStepReached):
                    continue
                answered = {user_id for user_id, after in answers.items() if NOON + after < event.at}
                assert set(event.answered) == answered & set(event.responders)
                assert {user_id for *step, user_id in paged if step == [event.run_id, event.round, event.step]} == (
                    set(event.responders) - answered - set(event.unreachable)
                )
