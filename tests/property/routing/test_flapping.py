"""Alerts that come and go: one that stays, until it has been quiet."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from application.incident.resolve import ResolveIncident
from domain.alert.alert import AlertStatus
from domain.alert.alert_event import AlertAction
from domain.alert.events import AlertFlapped
from domain.incident.incident import IncidentStatus
from domain.shared.flapping import Flapping
from tests.property.routing.test_routes import FIVE, is_what_its_events_say, ruled, the
from tests.support.builders import MINUTE, NOON, a_town, an_actor, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Stored, World

TEN = 10 * MINUTE
TWICE = Flapping(turns=2, within=TEN)
RESTLESS = a_rule("restless", flapping=TWICE)


def turn(world: World, *, times: int = 1, every: timedelta = MINUTE) -> None:
    """It comes, and goes at once."""
    for _ in range(times):
        world.trigger()
        world.work()
        world.resolve()
        world.advance(every)


def flapped(stored: Sequence[Stored]) -> int:
    return sum(isinstance(event, AlertFlapped) for each in stored for event in each.events)


def most_within(instants: Sequence[datetime], span: timedelta) -> int:
    return max((sum(first <= each < first + span for each in instants) for first in instants), default=0)


@given(minutes=st.lists(st.integers(0, 60)), turns=st.integers(1, 20), within=st.integers(1, 30))
def test_an_alert_is_flapping_exactly_when_more_turns_than_allowed_are_within_the_time(
    minutes: list[int], turns: int, within: int
) -> None:
    rule = Flapping(turns=turns, within=within * MINUTE)
    counted: tuple[datetime, ...] = ()
    every = [NOON + minute * MINUTE for minute in sorted(minutes)]
    for place, at in enumerate(every):
        counted = rule.counted(counted, at=at)
        assert rule.is_reached(counted) is (sum(each > at - rule.within for each in every[: place + 1]) > turns)
        assert len(counted) <= turns + 1


def test_within_the_time_an_alert_begins_at_most_once_more_often_than_allowed_whatever_its_sender_does(
    lab: Lab,
) -> None:
    steps = st.tuples(st.integers(0, 12), st.sampled_from([AlertAction.TRIGGER, AlertAction.RESOLVE]))

    @lab.holds(happenings=st.lists(steps, max_size=14), silence=st.sampled_from([None, 3 * MINUTE]))
    def _(happenings: list[tuple[int, AlertAction]], silence: timedelta | None) -> None:
        with lab.world(a_town()) as world:
            ruled(world, a_rule("restless", flapping=TWICE, resolve_after=silence))
            for minutes, action in happenings:
                world.advance(minutes * MINUTE)
                world.receive(an_event("disk", action))

            stored = world.stored()
            begun = [each.incident.triggered_at for each in stored]
            assert most_within(begun, TEN) <= TWICE.turns + 1
            assert all(is_what_its_events_say(each) for each in stored)
            if silence is not None or (happenings and happenings[-1][1] is AlertAction.RESOLVE):
                world.advance(TEN)  # nothing stays open for good
                assert all(each.incident.status is IncidentStatus.RESOLVED for each in world.stored())


def test_what_comes_and_goes_stays_one_incident_that_pages_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RESTLESS)
        turn(world, times=8)
        *before, last = world.stored()
        assert (len(before), last.incident.is_open) == (2, True)
        assert (last.alerts[0].is_flapping, last.alerts[0].occurrences) == (True, 6)
        assert len({page.run_id for page in last.pages}) == 1
        assert flapped(world.stored()) == 1


def test_it_is_over_when_it_has_not_been_reported_for_as_long_and_then_it_begins_anew(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RESTLESS)
        turn(world, times=3)
        last_turn = world.clock.now() - MINUTE
        world.resolve()  # said again, it is no later
        world.advance_to(last_turn + TEN - timedelta(seconds=1))
        assert world.stored()[-1].incident.is_open
        world.advance_to(last_turn + TEN)
        over = world.stored()[-1]
        assert (over.alerts[0].status, over.incident.resolved_at) == (AlertStatus.CLEARED, last_turn + TEN)
        turn(world)
        assert not world.stored()[-1].incident.is_open
        assert flapped(world.stored()) == 1


def test_one_that_fires_for_long_and_ends_once_is_over_at_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RESTLESS)
        turn(world, times=2)
        world.trigger()
        world.advance(timedelta(hours=1))
        assert world.stored()[-1].alerts[0].is_flapping
        world.resolve()
        assert not world.stored()[-1].incident.is_open


def test_it_fires_on_when_it_comes_back_while_it_settles(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RESTLESS)
        turn(world, times=3)
        world.trigger()
        world.advance(timedelta(hours=1))
        assert world.stored()[-1].incident.is_open


def test_turns_longer_ago_are_forgotten_and_slow_ones_never_flap(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RESTLESS)
        turn(world, times=6, every=FIVE)
        assert flapped(world.stored()) == 0
        assert len(world.stored()) == 6


def test_a_person_s_word_ends_it_at_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RESTLESS)
        turn(world, times=3)
        world.call(ResolveIncident, world.stored()[-1].incident.id, actor=an_actor())
        assert world.stored()[-1].alerts[0].status is AlertStatus.CLEARED


def test_a_flapping_alert_keeps_one_incident_beside_reopening(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("both", flapping=TWICE, reopen_within=FIVE))
        turn(world, times=9)
        stored = the(world)
        assert stored.incident.is_open
        assert len({page.run_id for page in stored.pages}) == 3
