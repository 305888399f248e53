"""What is kept of the way that each event went."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st

from application.alert.explain import ExplainEvent, Explanation
from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.alert.verdict import VerdictOutcome
from application.errors import NotFoundError
from application.ports.intake import RawEvent
from application.routing.get_routing import GetRouting
from application.routing.owner import RoutingOwner
from application.routing.set_routing import SetRouting
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.identity.role import Role
from domain.incident.mute import MuteKind
from domain.routing.route import Rule
from tests.support.builders import ADA, CREW, NOON, SHOP_PROBES, a_town, an_actor, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import World, received

ADMIN = an_actor(ADA, Role.ADMIN)
VIEWER = an_actor(ADA, Role.VIEWER)
TRIGGER, ACKNOWLEDGE, RESOLVE = AlertAction.TRIGGER, AlertAction.ACKNOWLEDGE, AlertAction.RESOLVE


def ruled(world: World, *rules: Rule) -> None:
    world.call(SetRouting, RoutingOwner(CREW), rules, actor=ADMIN)


def taken(world: World, *events: AlertEvent, number: int = 1) -> UUID:
    """As a door hands on one body; the id of it."""
    raw = RawEvent(id=UUID(int=number), integration_id=SHOP_PROBES, received_at=NOON, format="native", body=b"{}")
    plain = world.within(lambda ports: received(ports, SHOP_PROBES, events[0]))
    batch: Sequence[ReceivedEvent] = [
        ReceivedEvent(plain.target, event, raw if place == 0 else None, raw.id) for place, event in enumerate(events)
    ]
    world.call(IngestEvents, batch)
    return raw.id


def explained(world: World, event_id: UUID) -> Explanation:
    return world.call(ExplainEvent, event_id, actor=VIEWER)


def outcomes(world: World, event_id: UUID) -> list[VerdictOutcome]:
    return [verdict.outcome for verdict in explained(world, event_id).stored.raw.verdicts]


def test_each_event_of_a_body_is_told_in_its_order_whatever_became_of_it(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
        first = taken(
            world,
            an_event("a", group_key="rack"),
            an_event("a", group_key="rack"),
            an_event("b", group_key="rack"),
            an_event("c", labels={"env": "test"}),
            an_event("d", RESOLVE),
            an_event("a", ACKNOWLEDGE),
        )
        assert outcomes(world, first) == [
            VerdictOutcome.OPENED,
            VerdictOutcome.REPEATED,
            VerdictOutcome.JOINED,
            VerdictOutcome.DROPPED,
            VerdictOutcome.IGNORED,
            VerdictOutcome.ACKNOWLEDGED,
        ]
        assert world.call(GetRouting, RoutingOwner(CREW), actor=VIEWER).drops["noise"].last_event_id == first
        second = taken(world, an_event("a"), an_event("b", RESOLVE), number=2)
        assert outcomes(world, second) == [VerdictOutcome.REPEATED, VerdictOutcome.CLEARED]
        third = taken(world, an_event("a", RESOLVE), number=3)
        assert outcomes(world, third) == [VerdictOutcome.CLEARED]

        (stored,) = world.stored()
        assert {alert.event_id for alert in stored.alerts} == {first}
        told = explained(world, first).stored.raw.verdicts
        assert {verdict.incident_id for verdict in told} == {stored.incident.id, None}
        assert {verdict.alert_id for verdict in told} == {alert.id for alert in stored.alerts} | {None}


def test_an_explanation_names_rules_in_the_version_of_then_and_never_changes(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        then = a_rule("quiet", 'env="test"', is_suppressed=True)
        ruled(world, a_rule("first", goes_on=True), then)
        event_id = taken(world, an_event(labels={"env": "test"}))
        before = explained(world, event_id)
        ruled(world, replace(then, goes_on=True))

        after = explained(world, event_id)
        assert after == before
        (verdict,) = after.stored.raw.verdicts
        assert verdict.decision is not None
        assert [(step.rule, step.version) for step in verdict.decision.steps] == [("first", 1), ("quiet", 1)]
        assert after.rule_of(verdict.decision.steps[1]) == then
        assert verdict.muted is not None
        assert verdict.muted.kind is MuteKind.SUPPRESSED


def test_without_a_rule_that_holds_no_step_is_told(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        (verdict,) = explained(world, taken(world, an_event())).stored.raw.verdicts
        assert (verdict.decision, verdict.outcome) == (None, VerdictOutcome.OPENED)
        with pytest.raises(NotFoundError):
            explained(world, UUID(int=99))


def test_every_event_has_one_verdict_and_leads_where_its_alert_is(lab: Lab) -> None:
    kinds = st.tuples(st.sampled_from("abc"), st.sampled_from(AlertAction), st.sampled_from(["prod", "test"]))

    @lab.holds(batches=st.lists(st.lists(kinds, min_size=1, max_size=6), min_size=1, max_size=4))
    def _(batches: list[list[tuple[str, AlertAction, str]]]) -> None:
        with lab.world(a_town()) as world:
            ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
            for number, batch in enumerate(batches, start=1):
                events = [an_event(key, action, labels={"env": env}) for key, action, env in batch]
                told = explained(world, taken(world, *events, number=number)).stored.raw.verdicts

                assert [(verdict.dedup_key, verdict.action) for verdict in told] == [each[:2] for each in batch]
                alerts = {alert.id: alert for stored in world.stored() for alert in stored.alerts}
                for verdict in told:
                    if verdict.alert_id is not None:
                        alert = alerts[verdict.alert_id]
                        assert (alert.dedup_key, alert.incident_id) == (verdict.dedup_key, verdict.incident_id)


def test_what_reopened_an_incident_says_so_and_by_which_rule(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("soon", reopen_within=timedelta(minutes=5)))
        taken(world, an_event("a", group_key="rack"), an_event("a", RESOLVE))
        again = taken(world, an_event("b", group_key="rack"), an_event("a", group_key="rack"), number=2)
        assert outcomes(world, again) == [VerdictOutcome.REOPENED, VerdictOutcome.JOINED]
        decision = explained(world, again).stored.raw.verdicts[0].decision
        assert decision is not None
        assert [step.rule for step in decision.steps] == ["soon"]
