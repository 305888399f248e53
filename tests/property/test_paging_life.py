"""The living spec of an incident's life: P1 to P5 and P8, for any order of events, answers, time, failures and crashes.

The model beside the storage is as plain as can be: what was accepted, and what each incident looked like when it was
answered.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.incident.acknowledge import AcknowledgeIncident
from application.incident.annotate import AnnotateIncident
from application.incident.resolve import ResolveIncident
from application.ports.notifier import Delivery, Outcome
from domain.alert.alert import AlertStatus
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.escalation.events import EscalationStepReached
from domain.escalation.policy import StepMode, WhenExhausted
from domain.incident.events import IncidentEvent
from domain.incident.incident import Incident, IncidentStatus
from domain.notification.contact import Channel
from domain.notification.notification import NotificationStatus, Purpose
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import IncidentId, IntegrationId, UserId
from domain.shared.severity import Severity
from tests.support import strategies
from tests.support.builders import (
    ADA,
    BEN,
    DAN,
    LOOP,
    MINUTE,
    a_policy,
    a_step,
    a_town,
    an_actor,
    only_for,
    to_schedule,
    to_team,
    to_user,
)
from tests.support.laws import Lab, fewer_examples
from tests.support.world import Point, Stored, World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)

# The town's own ladder and loop, with a step that not every incident reaches, with turns, and with an end.
POLICIES = (
    a_policy(
        a_step(to_schedule()),
        a_step(to_user(BEN), delay=MINUTE, condition=only_for(Severity.SEV2, Severity.SEV3)),
        a_step(to_team(), to_user(ADA), delay=10 * MINUTE, mode=StepMode.ROUND_ROBIN),
        repeats=1,
    ),
    a_policy(
        a_step(to_user(BEN), to_user(DAN), delay=3 * MINUTE, condition=only_for(Severity.SEV1, Severity.SEV4)),
        policy_id=LOOP,
        repeats=2,
        when_exhausted=WhenExhausted.RESOLVE,
    ),
)
POINTS = st.sampled_from(tuple(Point))


class PagingLife(RuleBasedStateMachine):
    """Any order of what can happen: the promises hold after each step."""

    lab: ClassVar = Lab(None)

    def __init__(self) -> None:
        super().__init__()
        self.town = a_town(policies=POLICIES)
        self.world = World(self.lab.new_storage(), town=self.town)
        self.accepted: Counter[tuple[IntegrationId, str]] = Counter()
        self.pages_when_answered: dict[IncidentId, tuple[frozenset[object], int]] = {}
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
            pages = [page for page in stored.pages if page.purpose is Purpose.PAGE]
            left = sum(each.message.incident_id == stored.incident.id for each in self.world.pages)
            made = frozenset(page.id for page in pages), left
            assert self.pages_when_answered.setdefault(stored.incident.id, made) == made
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
                delays = {
                    each.position: each.delay
                    for each in self.town.rules.get(page.user_id, ())
                    if each.urgency is stored.incident.urgency
                }
                due_at[page.id] = page.created_at + delays.get(page.rule_position, timedelta(0))
        for left in self.world.pages:
            assert left.at >= due_at[left.message.notification_id]

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
            assert stored.incident.is_open == is_firing


def test_the_promises_hold_in_any_order_of_events() -> None:
    run_state_machine_as_test(PagingLife)


def test_the_promises_hold_in_any_order_of_events_over_postgres(postgres_dsn: str) -> None:
    class PostgresPagingLife(PagingLife):
        lab = Lab(postgres_dsn)

    run_state_machine_as_test(PostgresPagingLife, settings=fewer_examples(stateful_step_count=15))
