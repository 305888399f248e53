"""For how long an incident takes further alerts of its group, and what happens then."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st

from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from domain.alert.alert import AlertStatus
from domain.incident.events import IncidentFollowed, IncidentTriggered
from domain.incident.incident import IncidentStatus
from domain.incident.mute import MuteKind
from domain.shared.group_window import GroupWindow, NoWindow, WindowKind
from tests.property.routing.test_routes import FIVE, is_what_its_events_say, ruled
from tests.support.builders import MINUTE, SHOP_PROBES, a_town, an_actor, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Ports, World

FIXED = GroupWindow(kind=WindowKind.FIXED, seconds=300)
ROLLING = GroupWindow(kind=WindowKind.ROLLING, seconds=300)


def grouped(world: World) -> list[list[str]]:
    """The alerts of each incident."""
    return [[alert.dedup_key for alert in stored.alerts] for stored in world.stored()]


def expected(window: GroupWindow, arrivals: list[timedelta]) -> list[int]:
    """How many alerts each incident has whose alerts never clear."""
    counts: list[int] = []
    began = last = timedelta(0)
    for arrival in arrivals:
        since = began if window.kind is WindowKind.FIXED else last
        if not counts or arrival - since >= window.length:
            counts.append(0)
            began = arrival
        counts[-1] += 1
        last = arrival
    return counts


@pytest.mark.parametrize("window", [FIXED, ROLLING])
def test_alerts_of_a_group_share_an_incident_within_its_window_and_no_longer(lab: Lab, window: GroupWindow) -> None:
    @lab.holds(waits=st.lists(st.integers(0, 7), min_size=1, max_size=9))
    def _(waits: list[int]) -> None:
        with lab.world(a_town()) as world:
            ruled(world, a_rule("brief", group_window=window))
            arrivals, at = [], timedelta(0)
            for number, minutes in enumerate(waits):
                world.advance(minutes * MINUTE)
                at += minutes * MINUTE
                arrivals.append(at)
                world.trigger(f"alert {number}", group_key="rack")
                world.trigger("alert 0", group_key="rack")  # a repeat neither joins nor makes the window longer

            found = world.stored()
            assert [len(each.alerts) for each in found] == expected(window, arrivals)
            assert [each.incident.group_key for each in found] == ["rack"] * len(found)
            assert sum(each.incident.holds_group for each in found) == 1
            assert all(is_what_its_events_say(stored) for stored in found)
            assert world.count_stalled() == 0


def test_what_follows_pages_of_its_own_while_the_one_before_is_open(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("brief", group_window=FIXED))
        world.trigger("disk", group_key="rack")
        world.work()
        paged = len(world.pages)
        world.advance(FIVE)
        before = len(world.pages)
        world.receive(*(an_event(key, group_key="rack") for key in ("load", "fan")))
        world.work()

        first, second = world.stored()
        assert grouped(world) == [["disk"], ["load", "fan"]]
        assert (first.incident.status, first.incident.followed_by) == (IncidentStatus.TRIGGERED, second.incident.id)
        assert len(world.pages) == before + paged
        (followed,) = [event for event in first.events if isinstance(event, IncidentFollowed)]
        assert (followed.by_incident_id, followed.by_number) == (second.incident.id, second.incident.number)
        began = second.events[0]
        assert isinstance(began, IncidentTriggered)
        assert (began.follows_incident_id, began.follows_number) == (first.incident.id, first.incident.number)


def test_an_alert_of_an_older_incident_repeats_and_clears_there(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("brief", group_window=FIXED))
        world.trigger("disk", group_key="rack")
        world.trigger("fan", group_key="rack")
        world.advance(FIVE)
        world.trigger("load", group_key="rack")
        world.trigger("disk", group_key="rack")
        world.resolve("disk")
        world.trigger("disk", group_key="rack")  # it is new, and joins what its group has now

        first, second = world.stored()
        assert [(alert.dedup_key, alert.occurrences, alert.status) for alert in first.alerts] == [
            ("disk", 2, AlertStatus.CLEARED),
            ("fan", 1, AlertStatus.FIRING),
        ]
        assert [alert.dedup_key for alert in second.alerts] == ["load", "disk"]
        world.resolve("fan")
        assert [each.incident.is_open for each in world.stored()] == [False, True]


async def windowed(ports: Ports) -> None:
    """The integration says a window."""
    async with ports.transaction:
        stored = await ports.integrations.get(SHOP_PROBES)
        await ports.integrations.save(replace(stored, group_window=FIXED))


def test_a_rule_takes_the_window_of_an_integration_away(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        world.within(windowed)
        ruled(world, a_rule("whole", group_window=NoWindow.NONE))
        world.trigger("disk", group_key="rack")
        world.advance(FIVE)
        world.trigger("fan", group_key="rack")

        (stored,) = world.stored()
        assert stored.incident.group_window is None
        assert [alert.dedup_key for alert in stored.alerts] == ["disk", "fan"]


def test_the_integration_says_it_where_no_rule_does_and_what_is_open_keeps_its_own(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        world.trigger("old", group_key="old")
        world.within(windowed)
        world.trigger("disk", group_key="rack")
        ruled(world, a_rule("long", group_window=replace(FIXED, seconds=600)))
        world.trigger("fan", group_key="shelf")
        world.advance(FIVE)
        for group in ("old", "rack", "shelf"):
            world.trigger(f"load {group}", group_key=group)

        assert grouped(world) == [["old", "load old"], ["disk"], ["fan", "load shelf"], ["load rack"]]
        assert [each.incident.group_window and each.incident.group_window.seconds for each in world.stored()] == [
            None,
            300,
            600,
            600,
        ]


def test_what_is_muted_is_followed_too_and_only_what_follows_is_heard(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(
            world,
            a_rule("quiet", 'level="low"', goes_on=True, is_suppressed=True),
            a_rule("brief", group_window=FIXED),
        )
        world.trigger("disk", labels={"level": "low"}, group_key="rack")
        world.advance(FIVE)
        world.trigger("load", group_key="rack")
        world.work()

        first, second = world.stored()
        assert first.incident.muted is not None
        assert (first.incident.muted.kind, first.pages) == (MuteKind.SUPPRESSED, ())
        assert second.pages != ()
        assert world.count_stalled() == 0


def test_a_new_kind_is_news_to_what_follows_too(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("news", group_window=FIXED, page_again_by=("alertname",)))
        for key, name in (("a", "Disk"), ("b", "Load")):
            world.trigger(key, labels={"alertname": name}, group_key="rack")
            world.work()
        world.advance(FIVE)
        for key, name in (("c", "Fan"), ("d", "Disk")):
            world.trigger(key, labels={"alertname": name}, group_key="rack")
            world.work()

        assert [len({page.run_id for page in each.pages}) for each in world.stored()] == [2, 2]


@pytest.mark.parametrize("minutes", [4, 5])
def test_what_was_resolved_is_reopened_only_within_its_window(lab: Lab, minutes: int) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("both", group_window=FIXED, reopen_within=timedelta(hours=1)))
        world.trigger("disk", group_key="rack")
        world.resolve("disk")
        world.advance(minutes * MINUTE)
        world.trigger("load", group_key="rack")

        assert grouped(world) == ([["disk", "load"]] if minutes < 5 else [["disk"], ["load"]])


def test_what_is_followed_is_reopened_by_people_alone_and_takes_no_alerts(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("both", group_window=FIXED, reopen_within=timedelta(hours=1)))
        world.trigger("disk", group_key="rack")
        world.advance(FIVE)
        world.trigger("load", group_key="rack")
        first = world.stored()[0].incident.id
        world.call(ResolveIncident, first, actor=an_actor())
        world.call(ReopenIncident, first, actor=an_actor())
        world.trigger("fan", group_key="rack")

        assert [each.incident.is_open for each in world.stored()] == [True, True]
        assert grouped(world) == [["disk"], ["load", "fan"]]
        assert all(is_what_its_events_say(stored) for stored in world.stored())
