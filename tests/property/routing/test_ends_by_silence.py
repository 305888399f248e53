"""Alerts that a rule takes as over when they are not repeated."""

from datetime import timedelta

from hypothesis import strategies as st

from application.incident.acknowledge import AcknowledgeIncident
from application.routing.set_routing import SetRouting
from domain.alert.alert import AlertStatus
from domain.alert.events import AlertExpired
from domain.incident.incident import IncidentStatus
from tests.property.routing.test_routes import ADMIN, FIVE, TEAM, is_what_its_events_say, ruled, the
from tests.support.builders import MINUTE, NOON, a_town, an_actor
from tests.support.laws import Lab
from tests.support.routing import a_rule

BRIEF = a_rule("brief", resolve_after=FIVE)


def test_what_is_not_repeated_for_so_long_is_over_then_and_not_before(lab: Lab) -> None:
    @lab.holds(gaps=st.lists(st.integers(0, 7), max_size=5))
    def _(gaps: list[int]) -> None:
        with lab.world(a_town()) as world:
            ruled(world, BRIEF)
            world.trigger()
            last = NOON
            for gap in gaps:
                if gap >= 5:
                    break
                world.advance(gap * MINUTE)
                world.trigger()
                last = world.clock.now()
            world.advance_to(last + FIVE - timedelta(seconds=1))
            assert the(world).incident.is_open
            world.advance_to(last + FIVE)

            stored = the(world)
            assert stored.alerts[0].cleared_at == stored.incident.resolved_at == last + FIVE
            assert is_what_its_events_say(stored)
            assert world.next_deadline() is None or world.count_stalled() == 0


def test_the_last_alert_that_falls_silent_resolves_the_incident_whoever_has_it(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, BRIEF)
        world.trigger("disk", group_key="rack")
        world.advance(MINUTE)
        world.trigger("load", group_key="rack")
        world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor())
        world.advance(4 * MINUTE)
        assert [alert.status for alert in the(world).alerts] == [AlertStatus.CLEARED, AlertStatus.FIRING]
        assert the(world).incident.is_open
        world.advance(MINUTE)
        assert the(world).incident.status is IncidentStatus.RESOLVED


def test_a_rule_says_more_of_the_end_than_the_sender(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, BRIEF)
        world.trigger(expires_at=NOON + MINUTE)
        world.advance(4 * MINUTE)
        assert not any(isinstance(event, AlertExpired) for event in the(world).events)
        world.advance(MINUTE)
        assert the(world).incident.status is IncidentStatus.RESOLVED


def test_a_rule_that_is_taken_away_ends_nothing_that_is_repeated_since(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, BRIEF)
        world.trigger()
        world.call(SetRouting, TEAM, (), version=1, actor=ADMIN)
        world.advance(MINUTE)
        world.trigger()
        world.advance(timedelta(hours=1))
        assert the(world).alerts[0].status is AlertStatus.FIRING


def test_a_rule_that_is_new_counts_from_the_next_repeat(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        world.trigger()
        ruled(world, BRIEF)
        world.advance(timedelta(hours=1))
        assert the(world).incident.is_open
        world.trigger()
        world.advance(FIVE)
        assert the(world).incident.status is IncidentStatus.RESOLVED


def test_what_ended_by_silence_can_be_reopened(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("brief", resolve_after=FIVE, reopen_within=FIVE))
        world.trigger()
        world.advance(10 * MINUTE)
        world.trigger()
        assert the(world).incident.is_open
