"""What fires again soon after its incident was resolved."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from application.incident.resolve import ResolveIncident
from domain.alert.alert import AlertStatus
from domain.incident.events import IncidentReopened
from domain.incident.incident import IncidentStatus
from domain.incident.mute import MuteKind
from tests.property.routing.test_routes import FIVE, is_what_its_events_say, ruled, the
from tests.support.builders import MINUTE, NOON, a_town, an_actor, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Stored, World

SOON = a_rule("soon", reopen_within=FIVE)


def reopenings(stored: Stored) -> list[IncidentReopened]:
    return [event for event in stored.events if isinstance(event, IncidentReopened)]


def over(world: World, key: str = "disk", **more: Any) -> None:
    """An alert that came and went."""
    world.trigger(key, **more)
    world.work()
    world.resolve(key)


def test_what_fires_again_soon_enough_reopens_its_incident_and_pages_again_and_later_it_is_another(lab: Lab) -> None:
    @lab.holds(quiet=st.integers(0, 9), by_person=st.booleans())
    def _(quiet: int, *, by_person: bool) -> None:
        with lab.world(a_town()) as world:
            ruled(world, SOON)
            over(world)
            if by_person:
                world.trigger()
                world.call(ResolveIncident, world.stored()[-1].incident.id, actor=an_actor())
            before = len(world.pages)
            world.advance(quiet * MINUTE)
            world.trigger()
            world.work()

            first, *others = world.stored()
            assert (first.incident.is_open, len(others)) == ((True, 0) if quiet <= 5 else (False, 1))
            assert len(world.pages) > before
            assert (first if quiet <= 5 else others[0]).alerts[-1].status is AlertStatus.FIRING
            assert all(is_what_its_events_say(stored) for stored in world.stored())
            assert world.count_stalled() == 0


def test_it_says_which_alert_reopened_it_and_that_nobody_did(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, SOON)
        over(world, "disk", group_key="rack")
        world.trigger("load", group_key="rack")

        stored = the(world)
        (reopened,) = reopenings(stored)
        assert (reopened.by, reopened.alert_id) == (None, stored.alerts[1].id)
        assert stored.alerts[1].dedup_key == "load"


def test_alerts_that_come_together_reopen_it_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, SOON)
        over(world, "disk", group_key="rack")
        world.work()
        paged = len(world.pages)
        world.receive(*(an_event(key, group_key="rack") for key in ("disk", "load", "disk")))
        world.work()

        stored = the(world)
        assert len(reopenings(stored)) == 1
        assert [alert.occurrences for alert in stored.alerts] == [1, 2, 1]
        assert len(world.pages) == 2 * paged


def test_what_is_muted_reopens_it_muted_and_what_is_heard_makes_it_page(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("quiet", 'level="low"', goes_on=True, is_suppressed=True), SOON)
        over(world, "disk", group_key="rack")
        paged = len(world.pages)
        world.trigger("load", labels={"level": "low"}, group_key="rack")
        world.settle()

        muted = the(world).incident.muted
        assert muted is not None
        assert (muted.kind, len(world.pages), world.count_stalled()) == (MuteKind.SUPPRESSED, paged, 0)
        assert is_what_its_events_say(the(world))
        world.trigger("disk", group_key="rack")
        world.work()
        assert (the(world).incident.muted, len(world.pages)) == (None, 2 * paged)


def test_what_is_delayed_reopens_it_and_pages_only_if_it_lasts(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("late", delay=FIVE, reopen_within=timedelta(hours=1)))
        for lasts in (4, 6):
            world.trigger()
            world.advance(lasts * MINUTE)
            world.resolve()
        assert the(world).incident.status is IncidentStatus.RESOLVED
        assert min(page.at for page in world.pages) == NOON + 9 * MINUTE


def test_the_last_incident_of_a_group_is_reopened_and_no_other(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        over(world)
        world.advance(MINUTE)
        over(world)
        ruled(world, SOON)
        world.trigger("other")
        world.trigger()

        assert [stored.incident.is_open for stored in world.stored()] == [False, True, True]
        assert [len(reopenings(stored)) for stored in world.stored()] == [0, 1, 0]
