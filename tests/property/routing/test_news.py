"""Alerts of a kind that an open incident has not had: they page it again, and repeats never do."""

from hypothesis import strategies as st

from application.incident.acknowledge import AcknowledgeIncident
from domain.alert.alert_event import AlertAction
from domain.incident.events import IncidentWorsened
from domain.incident.incident import IncidentStatus
from tests.property.routing.test_routes import is_what_its_events_say, ruled, the
from tests.support.builders import MINUTE, a_town, an_actor, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Stored, World

BY_NAME = a_rule("by name", page_again_by=("alertname",))


def comes(world: World, key: str, name: str, **more: str) -> None:
    world.trigger(key, group_key="rack", labels={"alertname": name, **more})
    world.work()


def news(stored: Stored) -> list[str]:
    """The alerts that paged it again, by their keys."""
    key_of = {alert.id: alert.dedup_key for alert in stored.alerts}
    return [key_of[event.alert_id] for event in stored.events if isinstance(event, IncidentWorsened)]


def test_an_incident_pages_once_for_each_kind_of_alert_that_it_has_had_whatever_comes_again(lab: Lab) -> None:
    steps = st.tuples(st.sampled_from("abcd"), st.sampled_from([AlertAction.TRIGGER, AlertAction.RESOLVE]))

    @lab.holds(happenings=st.lists(steps, max_size=9))
    def _(happenings: list[tuple[str, AlertAction]]) -> None:
        name_of = dict(zip("abcd", ("Disk", "Load", "Disk", "Load"), strict=True))
        with lab.world(a_town()) as world:
            ruled(world, BY_NAME)
            comes(world, "first", "Disk")  # fires all the while
            kinds = {"Disk"}
            for key, action in happenings:
                world.receive(an_event(key, action, group_key="rack", labels={"alertname": name_of[key]}))
                world.work()
                kinds |= {name_of[key]} if action is AlertAction.TRIGGER else set()

            stored = the(world)
            assert len(news(stored)) == len(kinds) - 1
            assert len({page.run_id for page in stored.pages}) == len(kinds)
            assert is_what_its_events_say(stored)


def test_whoever_had_it_has_it_no_more_and_is_paged_again(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, BY_NAME)
        comes(world, "disk", "Disk")
        paged = len(world.pages)
        world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor())
        world.advance(MINUTE)
        comes(world, "disk 2", "Disk")
        assert (the(world).incident.status, len(world.pages)) == (IncidentStatus.ACKNOWLEDGED, paged)
        comes(world, "load", "Load")
        assert (the(world).incident.status, len(world.pages)) == (IncidentStatus.TRIGGERED, 2 * paged)
        assert news(the(world)) == ["load"]


def test_kinds_that_come_together_page_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, BY_NAME)
        names = ("Disk", "Load", "Net", "Fan")
        events = [an_event(name, group_key="rack", labels={"alertname": name}) for name in names]
        world.receive(*events[:2])
        world.work()
        assert news(the(world)) == []
        world.receive(*events)
        world.work()
        assert news(the(world)) == ["Net"]
        assert len({page.run_id for page in the(world).pages}) == 2


def test_what_is_muted_is_no_news_until_it_is_heard(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("quiet", 'level="low"', goes_on=True, is_suppressed=True), BY_NAME)
        comes(world, "disk", "Disk")
        comes(world, "load", "Load", level="low")
        assert news(the(world)) == []
        comes(world, "load 2", "Load")
        assert news(the(world)) == ["load 2"]


def test_without_such_a_rule_nothing_pages_again(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        comes(world, "disk", "Disk")
        comes(world, "load", "Load")
        assert news(the(world)) == []
