"""The living spec of fan-out, over memory and over PostgreSQL.

For every interleaving of events, failures, crashes and passing time each subscription hears of each incident of its
team, in order, at least once, and of nothing that is not for it. What comes twice is labelled, under the same id.
"""

from collections import defaultdict
from datetime import timedelta
from functools import partial
from time import sleep
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.ports.event_deliveries import LeasedDelivery
from application.ports.event_log import EventPosition, LoggedEvent
from application.ports.event_sender import Answer
from application.subscription.lease_events import LEASE, LeaseEvents
from application.subscription.relay_events import RelayEvents
from application.subscription.send_events import SendEvents, Sent
from application.subscription.settle_events import SettleEvents
from domain.identity.team import Team
from domain.incident.events import IncidentAnnotated, IncidentRetitled
from domain.shared.ids import EventDeliveryId, IncidentId, SubscriptionId
from domain.shared.via import Via
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import Subscription
from tests.support.builders import ADA, CREW, a_town
from tests.support.laws import Lab, fewer_examples
from tests.support.subscriptions import OTHERS, a_subscription
from tests.support.world import Point, Ports, World

pytestmark = pytest.mark.timeout(600)

ALL_OF_CREW = a_subscription(1, team_id=CREW)
NOTES_OF_CREW = a_subscription(2, team_id=CREW, event_kinds=("incident.annotated",))
ALL_OF_OTHERS = a_subscription(3, team_id=OTHERS)
EVERYTHING = a_subscription(4, team_id=None)
SUBSCRIPTIONS = (ALL_OF_CREW, NOTES_OF_CREW, ALL_OF_OTHERS, EVERYTHING)
FAILURES = (Verdict.FAILED, Verdict.UNKNOWN)


class FanOut(RuleBasedStateMachine):
    lab: ClassVar = Lab(None)

    def __init__(self) -> None:
        super().__init__()
        town = a_town(teams=(Team(id=CREW, name="Crew"), Team(id=OTHERS, name="Others")))
        self.world = World(self.lab.new_storage(), town=town)
        self.receiver = self.world.event_receiver
        self.world.write(self._subscribe)
        self.world.trigger("disk")
        self.world.trigger("mail")
        self.incidents = [each.incident.id for each in self.world.stored()]
        self.notes = 0

    async def _subscribe(self, ports: Ports) -> None:
        for subscription in SUBSCRIPTIONS:
            await ports.subscriptions.save(subscription)
            await ports.event_deliveries.begin(subscription.id, EventPosition(0, 0))

    def teardown(self) -> None:
        try:
            self._recover()
        finally:
            self.world.close()

    # What can happen.

    @rule(place=st.integers(0, 1), is_note=st.booleans())
    def something_happens(self, place: int, is_note: bool) -> None:
        self.notes += 1
        at, incident_id = self.world.clock.now(), self.incidents[place]
        event = (
            IncidentAnnotated(incident_id=incident_id, by=ADA, via=Via.API, note=str(self.notes), at=at)
            if is_note
            else IncidentRetitled(incident_id=incident_id, by=ADA, via=Via.API, title=str(self.notes), at=at)
        )
        self.world.write(lambda ports: ports.events.append([event]))

    @rule()
    def a_worker_relays(self) -> None:
        self.world.call(RelayEvents)

    @rule(point=st.sampled_from([Point.BEFORE_COMMIT, Point.AFTER_COMMIT]))
    def a_worker_dies_while_it_relays(self, point: Point) -> None:
        with self.world.crashing(point):
            self.world.call(RelayEvents)

    @rule(limit=st.integers(1, 8), verdicts=st.lists(st.sampled_from([*FAILURES, Verdict.DELIVERED]), max_size=8))
    def a_courier_delivers(self, limit: int, verdicts: list[Verdict]) -> None:
        self.receiver.script.extend(Answer(verdict=verdict) for verdict in verdicts)
        self._deliver(limit)
        self.receiver.script.clear()

    @rule(limit=st.integers(1, 8))
    def a_courier_dies_between_sending_and_settling(self, limit: int) -> None:
        self._send(self.world.call(LeaseEvents, limit=limit))

    @rule(limit=st.integers(1, 8))
    def a_courier_dies_before_it_sends(self, limit: int) -> None:
        self.world.call(LeaseEvents, limit=limit)

    @rule(limit=st.integers(1, 8))
    def a_courier_is_held_up_until_its_leases_have_run_out(self, limit: int) -> None:
        leased = self.world.call(LeaseEvents, limit=limit)
        self._pass(LEASE)
        self._deliver(8)  # somebody else
        for sent in self._send(leased):
            self.world.call(SettleEvents, [sent])

    @rule(minutes=st.integers(1, 20))  # not so much that a day is over in one run, and something given up
    def time_passes(self, minutes: int) -> None:
        self._pass(timedelta(minutes=minutes))

    # What holds.

    @invariant()
    def nobody_hears_of_what_is_not_for_them_nor_out_of_order(self) -> None:
        wanted = self._wanted()
        for key, heard in self._heard().items():
            assert heard == wanted.get(key, [])[: len(heard)]

    @invariant()
    def what_comes_again_says_so_under_the_same_id(self) -> None:
        seen: dict[EventDeliveryId, bool] = {}
        for leased in self.receiver.arrived:
            if leased.delivery.id in seen:
                assert leased.delivery.may_be_repeat
            seen[leased.delivery.id] = True
        by_event = {(each.subscription.id, each.delivery.sequence): each.delivery.id for each in self.receiver.arrived}
        assert len(by_event) == len(seen)

    def _deliver(self, limit: int) -> bool:
        sent = self._send(self.world.call(LeaseEvents, limit=limit))
        if sent:
            self.world.call(SettleEvents, sent)
        return bool(sent)

    def _send(self, leased: tuple[LeasedDelivery, ...]) -> list[Sent]:
        return [sent for each in leased for sent in self.world.call(SendEvents, [each])]

    def _pass(self, span: timedelta) -> None:
        self.world.clock.move_to(self.world.clock.now() + span)

    def _recover(self) -> None:
        """Nothing fails any more: everything settles, and each has heard of all that is for it."""
        for _ in range(200):
            is_full = self.world.call(RelayEvents)
            self._pass(timedelta(minutes=5))
            if self._deliver(50) or is_full or self._earliest() is not None:
                continue
            if self._heard() == self._wanted():
                return
            sleep(
                0.02
            )  # what strangers of the same server have begun holds back the end of the log, though not for long
        raise AssertionError("it never settled, or something was never heard of")

    def _earliest(self) -> object:
        return self.world.within(lambda ports: ports.event_deliveries.earliest_deadline())

    def _heard(self) -> dict[tuple[SubscriptionId, IncidentId], list[int]]:
        """The first arrival of each event, by subscription and incident."""
        heard: defaultdict[tuple[SubscriptionId, IncidentId], list[int]] = defaultdict(list)
        for leased in self.receiver.arrived:
            assert leased.delivery.incident_id is not None
            events = heard[leased.subscription.id, leased.delivery.incident_id]
            if leased.delivery.sequence not in events:
                events.append(leased.delivery.sequence)
        return dict(heard)

    def _wanted(self) -> dict[tuple[SubscriptionId, IncidentId], list[int]]:
        wanted: defaultdict[tuple[SubscriptionId, IncidentId], list[int]] = defaultdict(list)
        for incident_id in self.incidents:
            logged = self.world.within(partial(_logged, incident_id))
            for position, event in logged:
                for subscription in SUBSCRIPTIONS:
                    if _is_for(subscription, event.kind):
                        wanted[subscription.id, incident_id].append(position.sequence)
        return dict(wanted)


async def _logged(incident_id: IncidentId, ports: Ports) -> tuple[LoggedEvent, ...]:
    return await ports.events.of_incident(incident_id, limit=1000)


def _is_for(subscription: Subscription, kind: str) -> bool:
    """In words of its own: every incident here is the crew's."""
    if subscription is NOTES_OF_CREW:
        return kind == "incident.annotated"
    return subscription is not ALL_OF_OTHERS


def test_in_any_order_of_failures_each_subscriber_hears_each_incident_in_order_and_of_nothing_else() -> None:
    run_state_machine_as_test(FanOut)


def test_in_any_order_of_failures_each_subscriber_hears_each_incident_in_order_and_of_nothing_else_over_postgres(
    postgres_dsn: str,
) -> None:
    class PostgresFanOut(FanOut):
        lab = Lab(postgres_dsn)

    run_state_machine_as_test(PostgresFanOut, settings=fewer_examples(stateful_step_count=20))
