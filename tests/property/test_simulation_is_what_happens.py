"""Promise P13: what a simulation lists is exactly what the system then does, over memory and PostgreSQL."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from application.alert.ingest import INCIDENT_SEVERITY
from application.escalation.simulate import SimulatePaging, Wanted
from application.escalation.simulation import (
    HORIZON,
    Answer,
    Ending,
    HappeningKind,
    Question,
    SimulatedPage,
    Simulation,
)
from application.incident.acknowledge import AcknowledgeIncident
from domain.alert.alert_event import AlertSeverity
from domain.escalation.events import (
    EscalationExhausted,
    EscalationFallBackPaged,
    EscalationStepReached,
    EscalationStepSkipped,
)
from domain.escalation.fall_back import FallBack
from domain.escalation.plan import Position
from domain.escalation.policy import EscalationPolicy, StepMode, WhenExhausted
from domain.incident.events import IncidentAcknowledgementExpired, IncidentUrgencyRaised
from domain.incident.incident import IncidentStatus
from domain.notification.notification import Purpose
from domain.notification.quiet_hours import QuietHours
from domain.service.service import Service, UrgencyRule
from domain.shared.errors import IllegalTransitionError
from tests.support import strategies
from tests.support.builders import (
    ADA,
    BEN,
    CAT,
    CREW,
    MINUTE,
    NOON,
    SHOP,
    Town,
    a_policy,
    a_service,
    a_step,
    a_town,
    an_actor,
    an_integration,
    office_hours,
    to_team,
    to_user,
)
from tests.support.laws import Lab
from tests.support.strategies import Reachable
from tests.support.world import Stored, World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)

type Intent = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """A town and what happens in it."""

    policy: EscalationPolicy
    service: Service
    reachable: Reachable
    quiet_hours: QuietHours | None
    severity: AlertSeverity
    labels: dict[str, str]
    answers: tuple[Answer, ...]

    @property
    def town(self) -> Town:
        usual = a_town()
        contacts, rules = self.reachable
        return a_town(
            contacts=(*(each for each in usual.contacts if each.user_id != ADA), *contacts),
            rules={**usual.rules, ADA: rules},
            policies=(self.policy,),
            services=(self.service,),
            integrations=(an_integration(),),
        )

    @property
    def question(self) -> Question:
        severity = INCIDENT_SEVERITY[self.severity]
        return Question(at=NOON, severity=severity, labels=self.labels, answers=self.answers)

    def settle_in(self, world: World) -> None:
        """What `a_town` does not hold."""
        contacts, rules = self.reachable
        fall_back = FallBack(team_id=CREW, targets=(to_team(), to_user(ADA)))
        world.write(lambda ports: ports.fall_backs.save(fall_back))
        world.write(lambda ports: ports.users.save_reachability(ADA, contacts, rules, quiet_hours=self.quiet_hours))


services = st.builds(
    a_service,
    urgency_rule=st.sampled_from(UrgencyRule),
    tier=st.none() | st.integers(1, 4),
    support_hours=st.sampled_from((office_hours(), office_hours("America/St_Johns", starts=10))),
    acknowledgements_required=st.sampled_from((1, 1, 2, 3)),
)
nights = st.none() | st.sampled_from(
    (
        QuietHours(starts=time(22), ends=time(7), time_zone="UTC"),
        QuietHours(starts=time(11), ends=time(12, 10), time_zone="UTC"),
    )
)
answer_times = st.one_of(
    strategies.spans,
    st.sampled_from((timedelta(0), timedelta(hours=4))),
    st.integers(0, 600_000).map(lambda seconds: timedelta(seconds=seconds)),
).map(lambda span: NOON + span)
answers = st.lists(st.builds(Answer, user_id=strategies.responders, at=answer_times), max_size=3)
timeouts = st.none() | st.sampled_from((MINUTE, 5 * MINUTE, timedelta(hours=4), timedelta(days=3)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    policy = draw(
        strategies.conditional_policies(
            acknowledgement_timeout=draw(timeouts), when_exhausted=draw(st.sampled_from(WhenExhausted))
        )
    )
    return Case(
        policy=policy,
        service=draw(services),
        reachable=draw(strategies.reachabilities()),
        quiet_hours=draw(nights),
        severity=draw(st.sampled_from(AlertSeverity)),
        labels=draw(strategies.some_labels),
        answers=tuple(draw(answers)),
    )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))


def simulated(world: World, question: Question, **more: Any) -> Simulation:
    found = world.call(SimulatePaging, Wanted(service_id=SHOP, question=question, **more), actor=an_actor())
    return found.simulation


def listed(pages: Iterable[SimulatedPage]) -> list[Intent]:
    """Every page that is made; with the instant at which it leaves, if it does before the horizon."""
    return _ordered(
        (
            each.made_at,
            each.user_id or each.destination_id,
            each.channel,
            each.address,
            each.position,
            each.rule_position,
            each.due_at if each.cancelled_at is None and each.due_at <= NOON + HORIZON else None,
        )
        for each in pages
    )


def made(stored: Stored) -> list[Intent]:
    """The same from storage. What the throttle holds back has its first attempt when it is due."""
    return _ordered(
        (
            page.created_at,
            page.recipient_id,
            page.channel,
            page.address,
            Position(page.round, page.step),
            page.rule_position,
            attempts[0].started_at if attempts else None,
        )
        for page, attempts in ((each.notification, each.attempts) for each in stored.deliveries)
        if page.purpose is Purpose.PAGE
    )


def _ordered(intents: Iterable[Intent]) -> list[Intent]:
    """Two runs that begin at one instant make the same pages, of which one may never leave: it comes last."""
    return sorted(intents, key=lambda each: (*each[:-1], each[-1] is None, each[-1] or NOON))


def answered(world: World, answers: Sequence[Answer]) -> None:
    """Let the people of the question answer, each at their time."""
    for user_id, at in sorted(answers, key=lambda each: each.at):
        world.advance_to(at)
        with suppress(IllegalTransitionError):
            world.call(AcknowledgeIncident, world.stored()[0].incident.id, actor=an_actor(user_id))
    world.advance_to(NOON + HORIZON)


def test_a_simulation_lists_exactly_the_pages_that_are_made_and_when_each_leaves(lab: Lab) -> None:
    @lab.holds(case=cases())
    def _(case: Case) -> None:
        with lab.world(case.town) as world:
            case.settle_in(world)
            foretold = simulated(world, case.question)
            world.trigger(severity=case.severity, labels=case.labels)
            answered(world, case.answers)

            (stored,) = world.stored()
            assert listed(foretold.pages) == made(stored)
            assert (foretold.ending is Ending.RESOLVED) == (stored.incident.status is IncidentStatus.RESOLVED)


def test_a_simulation_passes_over_and_exhausts_what_the_system_does(lab: Lab) -> None:
    @lab.holds(case=cases())
    def _(case: Case) -> None:
        with lab.world(case.town) as world:
            case.settle_in(world)
            foretold = simulated(world, case.question)
            world.trigger(severity=case.severity, labels=case.labels)
            answered(world, case.answers)

            (stored,) = world.stored()
            facts = [(event.at, _KINDS[type(event)]) for event in stored.events if type(event) in _KINDS]
            kinds = set(_KINDS.values())
            assert [(each.at, each.kind) for each in foretold.happenings if each.kind in kinds] == facts


def test_a_simulation_changes_nothing_and_knows_whose_turn_is_next(lab: Lab) -> None:
    policy = a_policy(a_step(to_user(ADA), to_user(BEN), to_user(CAT), mode=StepMode.ROUND_ROBIN))
    town = a_town(policies=(policy,), services=(a_service(),), integrations=(an_integration(),))
    with lab.world(town) as world:
        question = Question(at=NOON, severity=INCIDENT_SEVERITY[AlertSeverity.CRITICAL])
        for number, user_id in enumerate((ADA, BEN, CAT, ADA)):
            assert {page.user_id for page in simulated(world, question).pages} == {user_id}
            assert len(world.stored()) == number
            world.trigger(str(number))
            world.work()


_KINDS = {
    EscalationStepReached: HappeningKind.REACHED,
    EscalationStepSkipped: HappeningKind.SKIPPED,
    EscalationExhausted: HappeningKind.EXHAUSTED,
    EscalationFallBackPaged: HappeningKind.FALL_BACK,
    IncidentAcknowledgementExpired: HappeningKind.EXPIRED,
    IncidentUrgencyRaised: HappeningKind.URGENT,
}
