"""The living spec of an incident's life: P1 to P5 and P8, for any order of events, answers, time, failures and crashes.

The model beside the storage is as plain as can be: what was accepted, and what each incident looked like when it was
answered.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.errors import ConflictError
from application.incident.accept_request import AcceptRequest
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.annotate import AnnotateIncident
from application.incident.ask_responders import AskResponders
from application.incident.decline_request import DeclineRequest
from application.incident.escalate import EscalateIncident
from application.incident.raise_urgency import RaiseUrgency
from application.incident.reassign import ReassignIncident
from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from application.incident.snooze import SnoozeIncident
from application.incident.take_over import TakeOverIncident
from application.incident.unacknowledge import UnacknowledgeIncident
from application.ports.notifier import Delivery, Outcome
from domain.alert.alert import AlertStatus
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.escalation.events import EscalationStepReached
from domain.escalation.policy import StepMode, WhenExhausted
from domain.incident.events import (
    IncidentAcknowledgementExpired,
    IncidentEscalated,
    IncidentEvent,
    IncidentReassigned,
    IncidentReopened,
    IncidentRespondersAsked,
    IncidentSnoozeEnded,
    IncidentUnacknowledged,
    IncidentWorsened,
)
from domain.incident.incident import Incident, IncidentStatus
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.service.service import UrgencyRule
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import IncidentId, IntegrationId, UserId
from domain.shared.limits import SNOOZE_SECONDS_MIN
from domain.shared.severity import Severity
from entrypoints.wired import UseCase
from tests.support import strategies
from tests.support.builders import (
    ADA,
    BANK,
    BEN,
    DAN,
    LOOP,
    MINUTE,
    SHOP,
    a_policy,
    a_service,
    a_step,
    a_town,
    an_actor,
    office_hours,
    only_for,
    to_schedule,
    to_team,
    to_user,
)
from tests.support.laws import Lab, fewer_examples
from tests.support.world import Point, Stored, World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)

type Act = UseCase[..., Incident]

# The town's own ladder and loop, with a step that not every incident reaches, with turns, and with an end.
POLICIES = (
    a_policy(
        a_step(to_schedule()),
        a_step(to_user(BEN), delay=MINUTE, condition=only_for(Severity.SEV2, Severity.SEV3)),
        a_step(to_team(), to_user(ADA), delay=10 * MINUTE, mode=StepMode.ROUND_ROBIN),
        repeats=1,
        acknowledgement_timeout=20 * MINUTE,
    ),
    a_policy(
        a_step(to_user(BEN), to_user(DAN), delay=3 * MINUTE, condition=only_for(Severity.SEV1, Severity.SEV4)),
        policy_id=LOOP,
        repeats=2,
        when_exhausted=WhenExhausted.RESOLVE,
    ),
)

# Outside of its hours for an hour more, and nobody takes it alone.
BANK_BY_HOURS = a_service(
    BANK,
    LOOP,
    urgency_rule=UrgencyRule.SUPPORT_HOURS,
    support_hours=office_hours("UTC", starts=13),
    acknowledgements_required=2,
)

POINTS = st.sampled_from(tuple(Point))
NUMBERS = st.integers(0, 5)
# What may be refused: the incident is not in a state for it.
REFUSALS = (IllegalTransitionError, ConflictError)
# After each of these nobody has the incident, and it pages under another run.
PAGES_ANEW = (
    IncidentAcknowledgementExpired,
    IncidentEscalated,
    IncidentWorsened,
    IncidentReassigned,
    IncidentReopened,
    IncidentSnoozeEnded,
    IncidentUnacknowledged,
)


class PagingLife(RuleBasedStateMachine):
    """Any order of what can happen: the promises hold after each step."""

    lab: ClassVar = Lab(None)

    def __init__(self) -> None:
        super().__init__()
        self.town = a_town(policies=POLICIES, services=(a_service(SHOP), BANK_BY_HOURS))
        self.world = World(self.lab.new_storage(), town=self.town)
        self.accepted: Counter[tuple[IntegrationId, str]] = Counter()
        self.pages_when_answered: dict[tuple[IncidentId, int], tuple[frozenset[object], int]] = {}
        self.everything: tuple[Stored, ...] = ()
        self.is_up_to_date = True  # whether workers have looked at everything that is due

    def teardown(self) -> None:
        self.world.close()

    # What can happen.

    @rule(event=strategies.events, by=strategies.integrations)
    def a_sender_reports(self, event: AlertEvent, by: IntegrationId) -> None:
        self.world.receive(event, by=by)
        self.accept(by, event)

    @rule(events=st.lists(st.tuples(strategies.integrations, strategies.events), min_size=2, max_size=6))
    def senders_share_a_commit(self, events: list[tuple[IntegrationId, AlertEvent]]) -> None:
        self.world.receive_all(events)
        for by, event in events:
            self.accept(by, event)

    @rule(event=strategies.events, by=strategies.integrations, point=POINTS)
    def the_intake_crashes(self, event: AlertEvent, by: IntegrationId, point: Point) -> None:
        with self.world.crashing(point):
            self.world.receive(event, by=by)
            self.accept(by, event)

    @rule(number=st.integers(0, 5), responder=strategies.responders, is_crashing=st.booleans(), point=POINTS)
    def somebody_acknowledges(self, number: int, responder: UserId, is_crashing: bool, point: Point) -> None:
        with self.world.crashing(point if is_crashing else Point.AFTER_SEND):
            for stored in self.everything[number : number + 1]:
                try:
                    self.world.call(AcknowledgeIncident, stored.incident.id, actor=an_actor(responder))
                except IllegalTransitionError:
                    assert stored.incident.status is IncidentStatus.RESOLVED

    @rule(number=st.integers(0, 5), responder=strategies.responders, is_crashing=st.booleans(), point=POINTS)
    def somebody_resolves(self, number: int, responder: UserId, is_crashing: bool, point: Point) -> None:
        with self.world.crashing(point if is_crashing else Point.AFTER_SEND):
            for stored in self.everything[number : number + 1]:
                self.world.call(ResolveIncident, stored.incident.id, actor=an_actor(responder))

    @rule(
        number=NUMBERS,
        responder=strategies.responders,
        act=st.sampled_from(
            (UnacknowledgeIncident, TakeOverIncident, ReopenIncident, RaiseUrgency, AcceptRequest, DeclineRequest)
        ),
        is_crashing=st.booleans(),
        point=POINTS,
    )
    def somebody_acts(
        self, number: int, responder: UserId, act: type[UseCase[..., Incident]], is_crashing: bool, point: Point
    ) -> None:
        with self.world.crashing(point if is_crashing else Point.AFTER_SEND), suppress(*REFUSALS):
            for stored in self.everything[number : number + 1]:
                self.world.call(act, stored.incident.id, actor=an_actor(responder))

    @rule(number=NUMBERS, responder=strategies.responders, span=strategies.spans)
    def somebody_snoozes(self, number: int, responder: UserId, span: timedelta) -> None:
        until = self.world.clock.now() + max(span, timedelta(seconds=SNOOZE_SECONDS_MIN))
        for stored in self.everything[number : number + 1]:
            with suppress(*REFUSALS):
                self.world.call(SnoozeIncident, stored.incident.id, until=until, actor=an_actor(responder))

    @rule(number=NUMBERS, responder=strategies.responders, step=st.sampled_from((None, 0)), point=POINTS)
    def somebody_escalates(self, number: int, responder: UserId, step: int | None, point: Point) -> None:
        self.is_up_to_date = False
        with self.world.crashing(point), suppress(*REFUSALS):
            for stored in self.everything[number : number + 1]:
                self.world.call(EscalateIncident, stored.incident.id, step=step, actor=an_actor(responder))

    @rule(number=NUMBERS, responder=strategies.responders, other=strategies.responders, to_policy=st.booleans())
    def somebody_reassigns(self, number: int, responder: UserId, other: UserId, to_policy: bool) -> None:
        to = {"policy_id": LOOP} if to_policy else {"users": (other,)}
        for stored in self.everything[number : number + 1]:
            with suppress(*REFUSALS):
                self.world.call(ReassignIncident, stored.incident.id, **to, actor=an_actor(responder))

    @rule(number=NUMBERS, responder=strategies.responders, other=strategies.responders)
    def somebody_asks_for_help(self, number: int, responder: UserId, other: UserId) -> None:
        for stored in self.everything[number : number + 1]:
            with suppress(*REFUSALS):
                self.world.call(AskResponders, stored.incident.id, users=(other,), actor=an_actor(responder))

    @rule(number=st.integers(0, 5), responder=strategies.responders)
    def somebody_takes_a_note(self, number: int, responder: UserId) -> None:
        for stored in self.everything[number : number + 1]:
            self.world.call(AnnotateIncident, stored.incident.id, "looking", actor=an_actor(responder))

    @rule(span=strategies.spans)
    def time_passes(self, span: timedelta) -> None:
        self.world.advance(span)
        self.is_up_to_date = True

    @rule(span=strategies.spans)
    def nobody_works_for_a_while(self, span: timedelta) -> None:
        self.world.clock.move_to(self.world.clock.now() + span)
        self.is_up_to_date = False

    @rule(span=strategies.spans, point=POINTS)
    def a_worker_crashes(self, span: timedelta, point: Point) -> None:
        self.is_up_to_date = False
        with self.world.crashing(point):
            self.world.advance(span)
            self.is_up_to_date = True

    @rule(channel=strategies.channels, delivery=strategies.deliveries)
    def a_channel_will_fail(self, channel: Channel, delivery: Delivery) -> None:
        self.world.answer_next(channel, delivery)

    def accept(self, by: IntegrationId, event: AlertEvent) -> None:
        if event.action is AlertAction.TRIGGER:
            self.accepted[by, event.dedup_key] += 1

    # What must hold.

    @invariant()
    def look(self) -> None:
        """First of all, once for the others, which run in this order."""
        self.everything = self.world.stored()
        self.p1_what_was_accepted_is_stored()
        self.p2_nothing_stalls()
        self.p3_an_answer_stops_the_pages()
        self.p4_one_page_once()
        self.p5_never_early()
        self.p8_state_is_what_its_events_say()
        self.one_open_incident_for_each_group()
        self.a_firing_alert_has_an_open_incident()

    def p1_what_was_accepted_is_stored(self) -> None:
        occurrences: Counter[tuple[IntegrationId, str]] = Counter()
        for stored in self.everything:
            for alert in stored.alerts:
                occurrences[alert.integration_id, alert.dedup_key] += alert.occurrences
        assert not self.accepted - occurrences

    def p2_nothing_stalls(self) -> None:
        if self.is_up_to_date:
            assert self.world.count_stalled() == 0

    def p3_an_answer_stops_the_pages(self) -> None:
        for stored in self.everything:
            if stored.incident.status is IncidentStatus.TRIGGERED:
                continue
            asked = {event.run_id for event in stored.events if isinstance(event, IncidentRespondersAsked)}
            pages = [page for page in stored.pages if page.purpose is Purpose.PAGE and page.run_id not in asked]
            ids = frozenset(page.id for page in pages)
            left = sum(each.message.notification_id in ids for each in self.world.pages)
            stretch = stored.incident.id, sum(isinstance(event, PAGES_ANEW) for event in stored.events)
            assert self.pages_when_answered.setdefault(stretch, (ids, left)) == (ids, left)
            assert all(page.status is not NotificationStatus.PENDING for page in pages)
            assert all(page.was_overtaken for page in pages if page.status is NotificationStatus.SENDING)

    def p4_one_page_once(self) -> None:
        for stored in self.everything:
            pages = [page for page in stored.pages if page.purpose is Purpose.PAGE]
            keys = {(page.run_id, page.round, page.step, page.user_id, page.rule_position) for page in pages}
            assert len(keys) == len(pages)
        may_have_arrived = set()
        for each in self.world.left:
            # The other way round it need not be: a courier that was lost before it sent leaves the same doubt.
            assert each.message.may_be_repeat or each.message.notification_id not in may_have_arrived
            if each.outcome in {Outcome.DELIVERED, Outcome.UNKNOWN}:
                may_have_arrived.add(each.message.notification_id)

    def p5_never_early(self) -> None:
        due_at = {}
        for stored in self.everything:
            for event in stored.events:
                if isinstance(event, EscalationStepReached):
                    assert event.at >= event.due_at
            for page in stored.pages:
                due_at[page.id] = page.created_at + self.least_delay(stored, page)
        for left in self.world.pages:
            assert left.at >= due_at[left.message.notification_id]

    def least_delay(self, stored: Stored, page: Notification) -> timedelta:
        """What the person's rule says, in the urgencies that the incident had by then."""
        told = [event for event in stored.events if isinstance(event, IncidentEvent) and event.at <= page.created_at]
        urgencies = {Incident.fold(told).urgency, Incident.fold(told[:1]).urgency}
        rules = () if page.user_id is None else self.town.rules.get(page.user_id, ())
        delays = [
            {each.position: each.delay for each in rules if each.urgency is urgency}.get(page.rule_position)
            for urgency in urgencies
        ]
        return min(delay or timedelta(0) for delay in delays)

    def p8_state_is_what_its_events_say(self) -> None:
        for stored in self.everything:
            facts = [event for event in stored.events if isinstance(event, IncidentEvent)]
            assert Incident.fold(facts) == replace(stored.incident, version=0)

    def one_open_incident_for_each_group(self) -> None:
        groups = Counter(
            (stored.incident.service_id, stored.incident.group_key)
            for stored in self.everything
            if stored.incident.is_open
        )
        assert max(groups.values(), default=1) == 1

    def a_firing_alert_has_an_open_incident(self) -> None:
        for stored in self.everything:
            is_firing = any(alert.status is AlertStatus.FIRING for alert in stored.alerts)
            was_reopened = any(isinstance(event, IncidentReopened) for event in stored.events)
            assert stored.incident.is_open or not is_firing
            assert is_firing or was_reopened or not stored.incident.is_open


def test_the_promises_hold_in_any_order_of_events() -> None:
    run_state_machine_as_test(PagingLife)


def test_the_promises_hold_in_any_order_of_events_over_postgres(postgres_dsn: str) -> None:
    class PostgresPagingLife(PagingLife):
        lab = Lab(postgres_dsn)

    run_state_machine_as_test(PostgresPagingLife, settings=fewer_examples(stateful_step_count=15))
