"""Why somebody was paged for an incident, or why not, one sentence after the other. Over the memory storage."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.inbound.http.explanation_text import because, beginning, why_not
from application.errors import NotFoundError
from application.identity.set_reachability import ContactDraft, SetReachability
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.ask_responders import AskResponders
from application.incident.escalate import EscalateIncident
from application.incident.explain import ExplainIncident, ExplanationAnswer
from application.incident.explanation import CauseKind, ExplainedPage, Reason, RuleKind, UrgencyReason, WhyNot
from application.incident.raise_urgency import RaiseUrgency
from application.incident.reassign import ReassignIncident
from application.incident.resolve import ResolveIncident
from application.incident.snooze import SnoozeIncident
from application.oncall.accept_cover import AcceptCover
from application.oncall.request_cover import RequestCover
from application.ports.notifier import Delivery, Outcome
from application.silence.create import CreateSilence
from domain.alert.alert_event import AlertSeverity
from domain.escalation.fall_back import FallBack
from domain.escalation.plan import Position
from domain.escalation.policy import EscalationPolicy, StepMode, WhenExhausted
from domain.notification.contact import Channel
from domain.notification.quiet_hours import QuietHours
from domain.notification.throttle import MESSAGES_PER_WINDOW
from domain.oncall.coverage import Source
from domain.routing.matcher import parse_matchers
from domain.service.service import UrgencyRule
from domain.shared.ids import OverrideId, UserId
from domain.shared.interval import Interval
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support.builders import (
    ADA,
    BEN,
    CAT,
    CREW,
    DAN,
    MINUTE,
    NOON,
    ROTA,
    Town,
    a_contact,
    a_policy,
    a_rule,
    a_service,
    a_step,
    a_town,
    an_actor,
    only_for,
    to_schedule,
    to_team,
    to_user,
)
from tests.support.oncall import an_override, utc
from tests.support.world import World

type Making = Callable[..., World]


@pytest.fixture
def making() -> Iterator[Making]:
    made: list[World] = []

    def make(town: Town | None = None) -> World:
        made.append(World(town=town or a_town()))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(making: Making) -> World:
    """Ada is on call. The ladder asks the rota, five minutes later the crew, which is Ben and Cat, and Ada."""
    return making()


def a_town_of(*steps: Any, **more: Any) -> Town:
    policy: EscalationPolicy = a_policy(*steps, **more)
    return a_town(policies=(policy,), services=(a_service(),), integrations=a_town().integrations[:2])


def answer(world: World, user_id: UserId = ADA) -> ExplanationAnswer:
    return world.call(ExplainIncident, 1, user_id=user_id, actor=an_actor())


def the_page(world: World, user_id: UserId = ADA, *, number: int = 0) -> ExplainedPage:
    return answer(world, user_id).explanation.pages[number]


def the_reason(world: World, user_id: UserId) -> WhyNot:
    """It is always told in a sentence, too."""
    found = answer(world, user_id)
    assert found.explanation.why_not is not None
    assert why_not(found.explanation.why_not, found)
    return found.explanation.why_not


def incident_id(world: World) -> Any:
    return world.stored()[0].incident.id


# ------------------------------------------------------------------------------------------------- why was I?


def test_a_page_of_a_step_is_explained_by_policy_step_schedule_layer_and_rule(world: World) -> None:
    world.trigger()
    world.work()
    page = the_page(world)

    cause = page.cause
    assert cause is not None
    assert (cause.kind, cause.target, cause.source) == (CauseKind.STEP, to_schedule(), Source(layer=0))
    assert cause.policy is not None
    assert (cause.policy.name, cause.policy.version) == ("Policy 31", 1)
    assert page.rule == (RuleKind.RULE, 0, timedelta(0))
    assert page.withheld is None
    assert page.record.attempts[0].outcome is Outcome.DELIVERED


def test_the_chain_goes_from_the_alert_to_the_acknowledgement(world: World) -> None:
    world.trigger(severity=AlertSeverity.CRITICAL)
    world.advance(MINUTE)
    world.call(AcknowledgeIncident, incident_id(world), actor=an_actor())

    found = answer(world)
    chain = [*beginning(found), *because(found.explanation.pages[0], found)]
    assert [link.kind for link in chain] == [
        *("triggered", "urgency", "run", "step", "target", "rule", "attempt", "receipt", "acknowledged"),
    ]
    assert [link.at for link in chain] == sorted(link.at for link in chain)
    texts = {link.kind: link.text for link in chain}
    assert texts["triggered"].startswith("The alert 'disk is unwell'")
    assert texts["target"] == "The step names the schedule Rota, which had User 1 on call then by layer 1"


def test_whoever_stood_in_then_is_told_as_was_known_then(world: World) -> None:
    """It is taken back since, and the past stays."""
    override = an_override(1, BEN, "2026-11-23 11:00", "2026-11-23 13:00", replaces=ADA)
    world.write(lambda ports: ports.schedules.add_override(ROTA, override, at=NOON - MINUTE))
    world.trigger()
    world.work()
    world.advance(MINUTE)
    world.write(lambda ports: ports.schedules.remove_override(ROTA, OverrideId(UUID(int=1)), at=world.clock.now()))

    page = the_page(world, BEN)
    assert page.cause is not None
    assert page.cause.source == Source(override_id=OverrideId(UUID(int=1)))
    texts = [link.text for link in because(page, answer(world, BEN))]
    assert any(text.endswith("an override, in place of User 1") for text in texts)


def test_whoever_stood_in_because_they_were_asked_to_is_told_so(world: World) -> None:
    hour = Interval(start=utc("2026-11-23 13:00"), end=utc("2026-11-23 14:00"))
    request = world.call(RequestCover, ROTA, user_id=ADA, interval=hour, asked_of=(BEN,), actor=an_actor())
    world.call(AcceptCover, request.id, actor=an_actor(BEN))
    world.advance_to(hour.start)
    world.trigger()
    world.work()

    page = the_page(world, BEN)
    assert page.cause is not None
    assert page.cause.cover is not None
    assert page.cause.cover.id == request.id
    texts = [link.text for link in because(page, answer(world, BEN))]
    assert any(text.endswith("in place of User 1, as agreed by a request for cover") for text in texts)


def test_a_member_is_paged_for_the_team_and_whoever_is_named_for_themselves(making: Making) -> None:
    world = making(a_town_of(a_step(to_team(), to_user(ADA))))
    world.trigger()
    world.work()

    for user_id, target in ((BEN, to_team()), (ADA, to_user(ADA))):
        cause = the_page(world, user_id).cause
        assert cause is not None
        assert cause.target == target


def test_of_a_step_that_takes_turns_it_is_the_target_that_accounts_for_all_who_were_told(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN), to_team(), mode=StepMode.ROUND_ROBIN), repeats=1))
    world.trigger()
    world.advance(5 * MINUTE)

    pages = answer(world, BEN).explanation.pages
    targets = {each.record.notification.round: each.cause.target for each in pages if each.cause is not None}
    assert targets == {0: to_user(BEN), 1: to_team()}


def test_whoever_was_given_it_or_asked_to_help_is_told_by_whom(world: World) -> None:
    world.trigger()
    world.call(ReassignIncident, incident_id(world), users=(BEN,), actor=an_actor(CAT))
    world.call(AskResponders, incident_id(world), users=(CAT,), actor=an_actor(BEN))

    for user_id, kind in ((BEN, CauseKind.REASSIGNED), (CAT, CauseKind.ASKED)):
        cause = the_page(world, user_id).cause
        assert cause is not None
        assert (cause.kind, cause.run) == (kind, None)


def test_the_last_resort_is_paged_as_the_last_resort(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(ADA)), when_exhausted=WhenExhausted.FALL_BACK))
    world.write(lambda ports: ports.fall_backs.save(FallBack(team_id=CREW, targets=(to_user(BEN),))))
    world.trigger()
    world.advance(5 * MINUTE)

    cause = the_page(world, BEN).cause
    assert cause is not None
    assert cause.kind is CauseKind.LAST_RESORT


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        (a_service(), UrgencyReason.SEVERITY),
        (a_service(tier=1), UrgencyReason.TIER),
        (a_service(urgency_rule=UrgencyRule.ALWAYS_LOW), UrgencyReason.ALWAYS),
    ],
)
def test_the_urgency_has_its_reason_in_severity_tier_or_rule(
    making: Making, service: Any, reason: UrgencyReason
) -> None:
    world = making(a_town(services=(service,), integrations=a_town().integrations[:2]))
    world.trigger()
    assert answer(world).explanation.urgency_reason is reason


def test_a_rule_that_was_changed_since_is_not_taken_for_the_one_of_then(making: Making) -> None:
    world = making(a_town(services=(a_service(tier=1),), integrations=a_town().integrations[:2]))
    world.trigger()

    async def with_another_rule(ports: Any) -> None:
        await ports.services.save(a_service(urgency_rule=UrgencyRule.ALWAYS_LOW, version=1))

    world.write(with_another_rule)
    assert answer(world).explanation.urgency_reason is UrgencyReason.RULE_OF_THEN


def test_a_page_after_the_urgency_rose_says_what_raised_it(making: Making) -> None:
    world = making(
        a_town(services=(a_service(urgency_rule=UrgencyRule.ALWAYS_LOW),), integrations=a_town().integrations[:2])
    )
    world.trigger()
    world.work()
    world.advance(MINUTE)
    world.call(RaiseUrgency, incident_id(world), actor=an_actor(BEN))
    world.work()

    first, *_, last = answer(world).explanation.pages
    assert first.cause is not None
    assert last.cause is not None
    assert (first.cause.urgency, last.cause.urgency) == (Urgency.LOW, Urgency.HIGH)
    assert last.cause.urgency_reason is UrgencyReason.CHANGED


def test_somebody_without_a_rule_is_told_that_they_are_told_everywhere(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN))))
    world.trigger()
    world.work()
    assert the_page(world, BEN).rule == (RuleKind.EVERYWHERE, 0, timedelta(0))


def test_a_page_to_the_next_contact_stands_in_for_the_one_that_refused(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN))))
    world.refuse(a_contact(BEN), a_contact(BEN, Channel.SLACK))
    world.trigger()
    world.work()
    kinds = [each.rule.kind for each in answer(world, BEN).explanation.pages]
    assert RuleKind.EVERYWHERE in kinds
    assert the_reason(world, BEN).reason is Reason.UNDELIVERED


def test_rules_that_were_set_anew_since_are_not_those_of_then(world: World) -> None:
    world.trigger()
    world.work()
    world.advance(MINUTE)
    draft = ContactDraft(channel=Channel.EMAIL, address="new@example.test")
    world.call(SetReachability, ADA, contacts=(draft,), rules=(), actor=an_actor())
    assert the_page(world).rule == (RuleKind.RULE_OF_THEN, 0, None)


def test_a_contact_that_was_verified_since_counted_for_nothing_then(world: World) -> None:
    world.trigger()
    world.work()
    world.advance(MINUTE)
    verified = replace(a_contact(ADA), verified_at=world.clock.now())
    world.write(lambda ports: ports.users.save_reachability(ADA, (verified,), (a_rule(verified),)))
    assert the_page(world).rule.kind is RuleKind.RULE_OF_THEN


# ------------------------------------------------------------------------------------------------- why was I not?


def test_nobody_names_them_and_it_says_who_was_told(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN))))
    world.trigger()
    world.work()
    found = the_reason(world, ADA)
    assert (found.reason, found.instead) == (Reason.NOT_A_TARGET, (BEN,))


def test_a_silence_kept_everybody_from_being_paged_and_until_when(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN))))
    silenced = parse_matchers('app="shop"')
    world.call(CreateSilence, silenced, comment="deploy", ends_at=NOON + 60 * MINUTE, actor=an_actor())
    world.trigger(labels={"app": "shop"})
    world.work()

    found = the_reason(world, BEN)

    assert (found.reason, found.at, found.until) == (Reason.MUTED, NOON, NOON + 60 * MINUTE)
    assert "deploy" in found.detail
    world.advance(61 * MINUTE)
    assert answer(world, BEN).explanation.why_not is None


def test_they_take_turns_in_the_schedule_and_were_off_call(making: Making) -> None:
    world = making(a_town_of(a_step(to_schedule())))
    world.trigger()
    world.work()
    found = the_reason(world, CAT)
    assert (found.reason, found.instead, found.target) == (Reason.OFF_CALL, (ADA,), to_schedule())
    assert (found.at, found.position) == (NOON, Position(0, 0))


def test_it_was_another_one_s_turn(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(ADA), to_user(BEN), mode=StepMode.ROUND_ROBIN)))
    world.trigger()
    world.work()
    found = the_reason(world, BEN)
    assert (found.reason, found.instead) == (Reason.NOT_THEIR_TURN, (ADA,))


def test_they_were_put_on_the_schedule_only_afterwards(making: Making) -> None:
    world = making(a_town_of(a_step(to_schedule())))
    world.trigger()
    world.advance(MINUTE)
    override = an_override(1, BEN, "2026-11-23 12:00", "2026-11-23 13:00")
    world.write(lambda ports: ports.schedules.add_override(ROTA, override, at=world.clock.now()))
    found = the_reason(world, BEN)
    assert (found.reason, found.instead, found.at) == (Reason.NOT_NAMED_THEN, (ADA,), NOON)


def test_the_condition_of_their_step_did_not_hold(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN), condition=only_for(Severity.SEV2)), a_step(to_user(ADA))))
    world.trigger(severity=AlertSeverity.CRITICAL)
    world.work()
    found = the_reason(world, BEN)
    assert (found.reason, found.detail) == (Reason.CONDITION, "the severity is SEV1, not SEV2")


def test_they_had_no_contact(making: Making) -> None:
    town = a_town_of(a_step(to_user(DAN)))
    world = making(town)
    world.trigger()
    world.work()
    assert the_reason(world, DAN).reason is Reason.UNREACHABLE


def test_their_step_is_still_to_come(world: World) -> None:
    world.trigger()
    world.advance(MINUTE)
    found = the_reason(world, BEN)
    assert (found.reason, found.position, found.due_at) == (
        Reason.NOT_YET_REACHED,
        Position(0, 1),
        NOON + 5 * MINUTE,
    )


def test_somebody_acknowledged_before_their_step(world: World) -> None:
    world.trigger()
    world.advance(MINUTE)
    world.call(AcknowledgeIncident, incident_id(world), actor=an_actor())
    found = the_reason(world, BEN)
    assert (found.reason, found.by, found.at, found.due_at) == (
        Reason.ANSWERED,
        ADA,
        NOON + MINUTE,
        NOON + 5 * MINUTE,
    )


def test_it_was_snoozed_or_resolved_before_their_step(making: Making) -> None:
    for act, more, reason in (
        (SnoozeIncident, {"until": NOON + timedelta(hours=1)}, Reason.SNOOZED),
        (ResolveIncident, {}, Reason.RESOLVED),
    ):
        world = making()
        world.trigger()
        world.advance(MINUTE)
        world.call(act, incident_id(world), actor=an_actor(), **more)
        found = the_reason(world, BEN)
        assert (found.reason, found.by, found.until) == (reason, ADA, more.get("until"))


def test_the_escalation_began_with_a_later_step(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(BEN)), a_step(to_user(ADA))))
    world.trigger()
    world.call(EscalateIncident, incident_id(world), step=1, actor=an_actor(CAT))
    world.work()
    found = the_reason(world, BEN)
    assert (found.reason, found.position) == (Reason.PASSED_BY, Position(0, 0))


def test_the_delay_of_their_rule_is_not_over(making: Making) -> None:
    mail = a_contact(ADA)
    world = making(a_town(contacts=(mail,), rules={ADA: (a_rule(mail, after=3 * MINUTE),)}, policies=a_town().policies))
    world.trigger()
    world.advance(MINUTE)
    found = the_reason(world, ADA)
    assert (found.reason, found.due_at) == (Reason.RULE_DELAY, NOON + 3 * MINUTE)


def test_an_answer_came_before_the_delay_was_over(making: Making) -> None:
    mail = a_contact(ADA)
    world = making(a_town(contacts=(mail,), rules={ADA: (a_rule(mail, after=3 * MINUTE),)}, policies=a_town().policies))
    world.trigger()
    world.advance(MINUTE)
    world.call(AcknowledgeIncident, incident_id(world), actor=an_actor(BEN))
    found = the_reason(world, ADA)
    assert (found.reason, found.by, found.at) == (Reason.CANCELLED, BEN, NOON + MINUTE)


def test_it_is_night_and_can_wait(making: Making) -> None:
    mail = a_contact(ADA)
    world = making(
        a_town(
            contacts=(mail,),
            rules={},
            services=(a_service(urgency_rule=UrgencyRule.ALWAYS_LOW),),
            integrations=a_town().integrations[:2],
        )
    )
    night = QuietHours(starts=time(11), ends=time(14), time_zone="UTC")
    world.write(lambda ports: ports.users.save_reachability(ADA, (mail,), (), quiet_hours=night))
    world.trigger()
    world.work()
    found = the_reason(world, ADA)
    assert (found.reason, found.due_at) == (Reason.QUIET_HOURS, NOON + timedelta(hours=2))
    assert the_page(world).quiet_until == NOON + timedelta(hours=2)


def test_the_contact_had_too_many_messages(making: Making) -> None:
    world = making(a_town_of(a_step(to_user(ADA))))
    mail = a_contact(ADA)
    world.write(lambda ports: ports.users.save_reachability(ADA, (mail,), ()))
    for number in range(MESSAGES_PER_WINDOW + 1):
        world.trigger(f"disk-{number}")
        world.work()
    last = max(each.incident.number for each in world.stored())
    found = world.call(ExplainIncident, last, user_id=ADA, actor=an_actor()).explanation.why_not
    assert found is not None
    assert found.reason is Reason.THROTTLED


def test_the_channel_is_still_being_tried(world: World) -> None:
    busy = Delivery(outcome=Outcome.RETRY, detail="busy")
    world.answer_next(Channel.EMAIL, busy)
    world.trigger()
    world.work()
    found = the_reason(world, ADA)
    assert (found.reason, found.detail) == (Reason.UNDELIVERED, "busy")


def test_nobody_is_explained_who_is_not_there(world: World) -> None:
    world.trigger()
    with pytest.raises(NotFoundError):
        answer(world, UserId(UUID(int=99)))
    with pytest.raises(NotFoundError):
        world.call(ExplainIncident, 99, user_id=ADA, actor=an_actor())
