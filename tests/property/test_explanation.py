"""Promise P13, afterwards: whatever happened, every page is explained, and whoever has none has one first reason."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import strategies as st

from application.errors import ConflictError
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.ask_responders import AskResponders
from application.incident.escalate import EscalateIncident
from application.incident.explain import ExplainIncident
from application.incident.explanation import CauseKind, Explanation, Reason, RuleKind, WhyNot, has_left
from application.incident.raise_urgency import RaiseUrgency
from application.incident.reassign import ReassignIncident
from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from application.incident.snooze import SnoozeIncident
from application.incident.unacknowledge import UnacknowledgeIncident
from application.ports.notifier import Delivery
from domain.escalation.events import EscalationFallBackPaged, EscalationStepReached, EscalationStepSkipped
from domain.escalation.fall_back import FallBack
from domain.escalation.policy import EscalationPolicy, TargetKind, WhenExhausted
from domain.notification.contact import Channel
from domain.notification.fall_back import FALL_BACK_POSITION
from domain.notification.notification import Purpose
from domain.service.service import Service, UrgencyRule
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import EXPLAINED_PAGES
from tests.support import strategies
from tests.support.builders import (
    ADA,
    BEN,
    CAT,
    CREW,
    DAN,
    MINUTE,
    NOON,
    ROTA,
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
from tests.support.oncall import an_override
from tests.support.strategies import Reachable
from tests.support.world import Stored, World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)

PEOPLE: Final = (ADA, BEN, CAT, DAN)
ACTS: Final[tuple[Any, ...]] = (
    AcknowledgeIncident,
    EscalateIncident,
    RaiseUrgency,
    ReopenIncident,
    ResolveIncident,
    UnacknowledgeIncident,
)


@dataclass(frozen=True)
class Deed:
    """After a while somebody does something, or the rota or a channel changes."""

    after: timedelta
    kind: str
    by: UserId
    act: Any
    delivery: Delivery
    channel: Channel


deeds = st.builds(
    Deed,
    after=strategies.spans,
    kind=st.sampled_from(("act", "act", "snooze", "reassign", "ask", "stand in", "fail")),
    by=strategies.responders,
    act=st.sampled_from(ACTS),
    delivery=strategies.deliveries,
    channel=strategies.channels,
)
services = st.builds(
    a_service,
    urgency_rule=st.sampled_from(UrgencyRule),
    tier=st.none() | st.integers(1, 4),
    support_hours=st.just(office_hours()),
    acknowledgements_required=st.sampled_from((1, 1, 2)),
)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))


@st.composite
def policies(draw: st.DrawFn) -> EscalationPolicy:
    return draw(strategies.conditional_policies(when_exhausted=draw(st.sampled_from(WhenExhausted))))


def test_every_page_names_what_it_was_made_for_and_its_rule_and_who_has_none_has_one_first_reason(lab: Lab) -> None:
    @lab.holds(
        policy=policies(),
        service=services,
        reachable=strategies.reachabilities(),
        story=st.lists(deeds, max_size=6),
    )
    def _(policy: EscalationPolicy, service: Service, reachable: Reachable, story: list[Deed]) -> None:
        contacts, rules = reachable
        usual = a_town()
        town = a_town(
            contacts=(*(each for each in usual.contacts if each.user_id != ADA), *contacts),
            rules={**usual.rules, ADA: rules},
            policies=(policy,),
            services=(service,),
            integrations=(an_integration(),),
        )
        with lab.world(town) as world:
            world.write(lambda ports: ports.fall_backs.save(FallBack(team_id=CREW, targets=(to_team(), to_user(ADA)))))
            world.trigger()
            for number, deed in enumerate(story, start=1):
                world.advance(deed.after)
                done(world, number, deed)
                everybody_is_explained(world)
            world.advance(30 * MINUTE)
            everybody_is_explained(world)


def test_who_had_acknowledged_when_the_last_resort_was_told_was_not_paged_for_that(lab: Lab) -> None:
    """The incident wants two of them, and whom its step names cannot be reached."""
    policy = a_policy(a_step(to_user(DAN), delay=MINUTE), when_exhausted=WhenExhausted.FALL_BACK)
    service = a_service(acknowledgements_required=2)
    with lab.world(a_town(policies=(policy,), services=(service,), integrations=(an_integration(),))) as world:
        world.write(lambda ports: ports.fall_backs.save(FallBack(team_id=CREW, targets=(to_user(BEN), to_user(CAT)))))
        world.trigger()
        incident = world.stored()[0].incident
        world.call(AcknowledgeIncident, incident.id, actor=an_actor(BEN))
        world.advance(MINUTE)

        explained = world.call(ExplainIncident, incident.number, user_id=BEN, actor=an_actor()).explanation

    assert explained.why_not == WhyNot(reason=Reason.ANSWERED, at=NOON + MINUTE, by=BEN)


def done(world: World, number: int, deed: Deed) -> None:
    incident_id = world.stored()[0].incident.id
    actor = an_actor(deed.by)
    now = world.clock.now()
    with suppress(ConflictError, IllegalTransitionError, InvalidValueError):
        match deed.kind:
            case "act":
                world.call(deed.act, incident_id, actor=actor)
            case "snooze":
                world.call(SnoozeIncident, incident_id, until=now + 10 * MINUTE, actor=actor)
            case "reassign":
                world.call(ReassignIncident, incident_id, users=(BEN,), actor=actor)
            case "ask":
                world.call(AskResponders, incident_id, users=(CAT,), actor=actor)
            case "stand in":
                stand_in(world, number, deed.by)
            case _:
                world.answer_next(deed.channel, deed.delivery)


def stand_in(world: World, number: int, user_id: UserId) -> None:
    """For everyone, for five minutes from the next second on: so that no step is reached at the very instant."""
    starts = world.clock.now() + timedelta(seconds=1)
    world.advance_to(starts)
    at = starts.replace(tzinfo=None)
    override = an_override(number, user_id, at.isoformat(), (at + 5 * MINUTE).isoformat())
    world.write(lambda ports: ports.schedules.add_override(ROTA, override, at=starts))
    world.advance(timedelta(milliseconds=1))


def everybody_is_explained(world: World) -> None:
    (stored,) = world.stored()
    for user_id in PEOPLE:
        explained = world.call(ExplainIncident, stored.incident.number, user_id=user_id, actor=an_actor()).explanation
        pages = [
            each
            for each in stored.deliveries
            if each.notification.user_id == user_id and each.notification.purpose is Purpose.PAGE
        ]
        assert [each.record for each in explained.pages] == pages[:EXPLAINED_PAGES]
        every_page_has_its_cause_and_rule(explained)
        assert (explained.why_not is None) == any(has_left(each) for each in pages[:EXPLAINED_PAGES])
        if not pages:
            the_first_reason_is_true(explained, stored, user_id)


def every_page_has_its_cause_and_rule(explained: Explanation) -> None:
    for page in explained.pages:
        made, cause = page.record.notification, page.cause
        assert cause is not None
        assert page.rule.kind is not RuleKind.RULE_OF_THEN
        assert page.rule.number == made.rule_position % FALL_BACK_POSITION
        assert page.rule.delay is not None
        if cause.kind is CauseKind.STEP:
            assert cause.target is not None
            assert (cause.source is not None) == (cause.target.kind is TargetKind.SCHEDULE)


def the_first_reason_is_true(explained: Explanation, stored: Stored, user_id: UserId) -> None:
    """As far as the events alone can tell."""
    why = explained.why_not
    assert why is not None
    at = [each for each in stored.events if each.at == why.at]
    match why.reason:
        case Reason.UNREACHABLE:
            assert any(user_id in each.unreachable for each in telling(at))
        case Reason.OFF_CALL | Reason.NOT_THEIR_TURN | Reason.NOT_NAMED_THEN:
            assert any(each.responders == why.instead and user_id not in why.instead for each in telling(at))
        case Reason.CONDITION:
            assert why.detail in [each.detail for each in at if isinstance(each, EscalationStepSkipped)]
        case Reason.ANSWERED if why.position is None:
            last = [each for each in telling(at) if isinstance(each, EscalationFallBackPaged)]
            assert any(user_id in each.answered for each in last)
        case Reason.ANSWERED | Reason.SNOOZED | Reason.RESOLVED | Reason.PASSED_BY:
            assert why.target is not None
            assert why.due_at is None or why.due_at >= why.at
        case Reason.NOT_YET_REACHED:
            assert why.due_at is not None
            assert why.due_at >= why.at
        case _:
            assert why.reason is Reason.NOT_A_TARGET
            assert not any(user_id in each.responders for each in telling(stored.events))


def telling(events: Sequence[Any]) -> list[EscalationStepReached | EscalationFallBackPaged]:
    return [each for each in events if isinstance(each, EscalationStepReached | EscalationFallBackPaged)]
