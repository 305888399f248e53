"""Acts with all that follows from them: runs, pages, the audit trail. Over the memory storage."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from application.errors import ConflictError, ForbiddenError
from application.incident.accept_request import AcceptRequest
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.ask_responders import AskResponders
from application.incident.change_severity import ChangeSeverity
from application.incident.escalate import EscalateIncident
from application.incident.explain import ExplainIncident
from application.incident.explanation import Reason
from application.incident.reassign import ANSWER_WITHIN, ReassignIncident
from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from application.incident.snooze import SnoozeIncident
from application.incident.take_over import TakeOverIncident
from application.incident.unacknowledge import UnacknowledgeIncident
from application.ports.readers import NewestFirst
from domain.escalation.events import EscalationStepReached
from domain.escalation.plan import Position
from domain.escalation.run import RunStatus
from domain.identity.role import Role
from domain.incident.incident import IncidentStatus
from domain.notification.notification import NotificationStatus, Purpose
from domain.service.service import UrgencyRule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support.builders import (
    ADA,
    BANK,
    BANK_PROBES,
    BEN,
    CAT,
    DAN,
    LOOP,
    MINUTE,
    NOON,
    a_service,
    a_town,
    an_actor,
    office_hours,
)
from tests.support.world import Stored, World


@pytest.fixture
def world() -> Iterator[World]:
    """One incident of the shop, whose first step has paged Ada."""
    made = World(town=a_town())
    made.trigger()
    made.work()
    yield made
    made.close()


def the(world: World) -> Stored:
    (stored,) = world.stored()
    return stored


def steps(world: World) -> list[tuple[int, int]]:
    return [(each.round, each.step) for each in the(world).events if isinstance(each, EscalationStepReached)]


def paged(world: World) -> list[UserId]:
    return [left.message.user_id for left in world.pages if left.message.user_id is not None]


def act(world: World, use_case: object, by: UserId = ADA, **arguments: object) -> None:
    world.call(use_case, the(world).incident.id, actor=an_actor(by), **arguments)  # type: ignore[arg-type]  # any of them


def test_what_is_given_back_pages_again_from_the_first_step(world: World) -> None:
    act(world, AcknowledgeIncident)
    world.advance(timedelta(hours=1))
    assert steps(world) == [(0, 0)]

    act(world, UnacknowledgeIncident)
    world.work()

    assert steps(world) == [(0, 0), (0, 0)]
    assert the(world).summary.escalation is RunStatus.RUNNING


def test_a_snooze_stops_the_pages_until_its_end_when_they_begin_again(world: World) -> None:
    act(world, SnoozeIncident, until=NOON + timedelta(hours=2))
    world.advance_to(NOON + timedelta(hours=2) - timedelta(seconds=1))
    assert steps(world) == [(0, 0)]

    world.advance(timedelta(seconds=1))

    assert steps(world) == [(0, 0), (0, 0)]
    assert the(world).incident.status is IncidentStatus.TRIGGERED


def test_escalating_has_the_next_step_at_once_and_what_waited_of_the_one_before_gives_way(world: World) -> None:
    act(world, EscalateIncident, by=CAT)
    world.work()

    assert steps(world) == [(0, 0), (0, 1)]
    first = [page for page in the(world).pages if page.step == 0 and page.purpose is Purpose.PAGE]
    assert NotificationStatus.PENDING not in {page.status for page in first}


def test_escalating_goes_on_through_the_rounds_and_begins_again_after_the_last(world: World) -> None:
    for _ in range(4):
        act(world, EscalateIncident)
        world.work()

    assert steps(world) == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]


def test_escalating_to_a_step_begins_there_and_a_step_that_is_not_there_is_refused(world: World) -> None:
    act(world, EscalateIncident, step=1)
    world.work()
    assert steps(world) == [(0, 0), (0, 1)]

    with pytest.raises(InvalidValueError, match="step: is 3, and the policy has the steps 1 to 2"):
        act(world, EscalateIncident, step=2)


def test_an_exhausted_incident_can_be_escalated_anew(world: World) -> None:
    world.settle()
    assert the(world).summary.escalation is RunStatus.EXHAUSTED

    act(world, EscalateIncident)

    assert the(world).summary.escalation is RunStatus.RUNNING
    assert world.count_stalled() == 0


def test_reassigning_to_people_pages_them_now_and_the_policy_when_none_of_them_answers(world: World) -> None:
    act(world, AcknowledgeIncident)
    act(world, ReassignIncident, users=(BEN,))
    world.work()
    assert paged(world)[1:] == [BEN, BEN]  # on both of his contacts, having no rules
    assert world.count_stalled() == 0
    assert steps(world) == [(0, 0)]

    world.advance(ANSWER_WITHIN)
    assert steps(world) == [(0, 0), (0, 0)]


def test_who_it_was_reassigned_to_stops_it_by_acknowledging(world: World) -> None:
    act(world, ReassignIncident, users=(BEN,))
    act(world, AcknowledgeIncident, by=BEN)
    world.settle()

    assert steps(world) == [(0, 0)]
    assert the(world).incident.acknowledged_by == BEN


def test_reassigning_to_a_policy_has_it_page_at_once_and_from_then_on(world: World) -> None:
    act(world, ReassignIncident, policy_id=LOOP)
    world.work()
    assert paged(world)[-1] == BEN

    act(world, AcknowledgeIncident)
    act(world, UnacknowledgeIncident)
    world.work()
    assert paged(world)[-1] == BEN


@pytest.mark.parametrize(
    ("users", "reason"), [((BEN, DAN), r"users\[1\]: names no user who is active"), ((UserId(LOOP),), r"users\[0\]")]
)
def test_reassigning_to_somebody_whom_no_page_reaches_is_refused(
    world: World, users: tuple[UserId, ...], reason: str
) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        act(world, ReassignIncident, users=users)
    assert the(world).incident.version == 1


def test_reassigning_to_a_policy_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(InvalidValueError, match="policy_id: names no policy"):
        act(world, ReassignIncident, policy_id=ADA)


def test_who_is_asked_to_help_is_paged_whoever_has_the_incident(world: World) -> None:
    act(world, AcknowledgeIncident)
    act(world, AskResponders, users=(BEN, CAT))
    world.work()

    assert set(paged(world)[1:]) == {BEN, CAT}
    assert the(world).incident.acknowledged_by == ADA
    act(world, AskResponders, users=(BEN,))
    world.work()
    assert len(paged(world)) == 4  # Ada once, Ben on two contacts, Cat on one


def test_who_accepts_to_help_is_not_paged_for_it_any_more(world: World) -> None:
    act(world, AcknowledgeIncident, by=BEN)
    act(world, AskResponders, users=(ADA,), by=BEN)
    world.work()
    before = len(world.pages)
    act(world, AcceptRequest, by=ADA)
    world.settle()

    assert len(world.pages) == before  # her second rule would have told her two minutes later


def test_taking_over_leaves_the_escalation_stopped(world: World) -> None:
    act(world, AcknowledgeIncident)
    act(world, TakeOverIncident, by=BEN)
    world.settle()

    assert the(world).incident.acknowledged_by == BEN
    assert steps(world) == [(0, 0)]


def test_what_is_reopened_pages_again_and_its_alerts_stay_cleared(world: World) -> None:
    act(world, ResolveIncident)
    act(world, ReopenIncident)
    world.work()

    assert steps(world) == [(0, 0), (0, 0)]
    assert the(world).incident.is_open


def test_nothing_is_reopened_beside_an_open_incident_of_its_group(world: World) -> None:
    act(world, ResolveIncident)
    first = the(world).incident
    world.trigger()
    other = max(world.stored(), key=lambda each: each.incident.number).incident

    with pytest.raises(ConflictError, match=f"INC-{other.number} is open for the same service and group"):
        world.call(ReopenIncident, first.id, actor=an_actor())


def test_every_act_is_in_the_audit_trail_and_one_without_effect_is_not(world: World) -> None:
    act(world, AcknowledgeIncident)
    act(world, AcknowledgeIncident)
    act(world, TakeOverIncident, by=BEN)
    act(world, UnacknowledgeIncident, by=BEN)

    listed = world.within(lambda ports: ports.audit_reader.list(NewestFirst()))
    assert [record.entry.action for record in listed.items] == [
        "incident.unacknowledge",
        "incident.take_over",
        "incident.acknowledge",
    ]


def test_whoever_may_only_look_may_not_act(world: World) -> None:
    for use_case in (UnacknowledgeIncident, TakeOverIncident, EscalateIncident, ReopenIncident):
        with pytest.raises(ForbiddenError):
            world.call(use_case, the(world).incident.id, actor=an_actor(role=Role.VIEWER))


def test_a_late_worker_ends_a_snooze_once(world: World) -> None:
    act(world, SnoozeIncident, until=NOON + MINUTE)
    world.clock.move_to(NOON + timedelta(days=3))
    world.work()
    world.work()

    assert steps(world) == [(0, 0), (0, 0)]


@pytest.fixture
def bank() -> Iterator[World]:
    """An incident of the bank, which two people have to acknowledge, and which is urgent from one o'clock on."""
    service = a_service(
        BANK,
        LOOP,
        urgency_rule=UrgencyRule.SUPPORT_HOURS,
        support_hours=office_hours("UTC", starts=13),
        acknowledgements_required=2,
    )
    made = World(town=a_town(services=(a_service(), service)))
    made.trigger(by=BANK_PROBES)
    made.work()
    yield made
    made.close()


def test_until_enough_have_acknowledged_the_others_are_paged_on(bank: World) -> None:
    act(bank, AcknowledgeIncident, by=BEN)
    waiting = {page.user_id for page in the(bank).pages if page.status is NotificationStatus.PENDING}
    assert BEN not in waiting
    assert the(bank).summary.escalation is RunStatus.RUNNING

    act(bank, AcknowledgeIncident, by=CAT)
    assert the(bank).summary.escalation is RunStatus.STOPPED
    assert the(bank).incident.acknowledged_by == CAT


def test_who_has_acknowledged_is_not_paged_by_later_rounds_while_others_are_waited_for(bank: World) -> None:
    act(bank, AcknowledgeIncident, by=BEN)
    before = len(bank.pages)
    bank.advance(9 * MINUTE)  # three rounds, whose only step means Ben and Dan, who has left

    assert steps(bank) == [(0, 0), (1, 0), (2, 0)]
    assert len(bank.pages) == before
    last = [each for each in the(bank).events if isinstance(each, EscalationStepReached)][-1]
    assert (last.responders, last.unreachable, last.answered) == ((BEN, DAN), (DAN,), (BEN,))


def test_who_had_acknowledged_before_their_step_came_is_told_that_as_the_reason_for_no_page() -> None:
    world = World(town=a_town(services=(a_service(acknowledgements_required=2), a_service(BANK, LOOP))))
    world.trigger()
    world.work()
    act(world, AcknowledgeIncident, by=BEN)
    world.advance(5 * MINUTE)  # the second step means the team, which Ben belongs to

    answer = world.call(ExplainIncident, the(world).incident.id, actor=an_actor(BEN))
    world.close()

    why_not = answer.explanation.why_not
    assert why_not is not None
    assert (why_not.reason, why_not.by, why_not.position) == (Reason.ANSWERED, BEN, Position(0, 1))
    assert why_not.instead == ()


def test_who_gave_it_back_is_paged_by_later_rounds_again(bank: World) -> None:
    act(bank, AcknowledgeIncident, by=BEN)
    act(bank, UnacknowledgeIncident, by=BEN)
    before = len(bank.pages)
    bank.advance(3 * MINUTE)

    assert set(paged(bank)[before:]) == {BEN}


def test_a_sender_alone_cannot_acknowledge_what_people_have_to(bank: World) -> None:
    bank.acknowledge(by=BANK_PROBES)

    assert the(bank).incident.status is IncidentStatus.TRIGGERED
    assert the(bank).summary.escalation is RunStatus.RUNNING


def test_what_nobody_took_rises_when_support_hours_begin_and_pages_anew(bank: World) -> None:
    assert (the(bank).incident.urgency, the(bank).incident.rises_at) == (Urgency.LOW, NOON + timedelta(hours=1))
    bank.advance(timedelta(hours=1))

    assert the(bank).incident.urgency is Urgency.HIGH
    begun = [event for event in the(bank).events if isinstance(event, EscalationStepReached)]
    assert (begun[-1].round, begun[-1].at) == (0, NOON + timedelta(hours=1))
    assert bank.count_stalled() == 0


def test_what_was_taken_does_not_rise(bank: World) -> None:
    act(bank, AcknowledgeIncident, by=BEN)
    act(bank, AcknowledgeIncident, by=CAT)
    bank.advance(timedelta(hours=2))

    assert the(bank).incident.urgency is Urgency.LOW


def test_a_severity_is_judged_by_the_rule_of_the_service(world: World) -> None:
    act(world, ChangeSeverity, severity=Severity.SEV5)
    assert the(world).incident.urgency is Urgency.LOW

    act(world, ChangeSeverity, severity=Severity.SEV1)
    world.work()
    assert the(world).incident.urgency is Urgency.HIGH
    assert steps(world) == [(0, 0), (0, 0)]
