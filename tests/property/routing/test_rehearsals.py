"""Rules that are tried on past events before they are saved."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st

from application.alert.ingest import IngestEvents
from application.alert.routed import received_in
from application.ports.intake import RawEvent
from application.routing.owner import RoutingOwner
from application.routing.rehearsal import Fate, Tally
from application.routing.rehearse import Rehearsed, TryRouting, TrySilence
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.identity.role import Role
from domain.identity.team import Team
from domain.incident.events import IncidentTriggered
from domain.routing.matcher import parse_matchers
from domain.routing.route import Rule
from domain.shared.errors import InvalidValueError
from domain.shared.flapping import Flapping
from domain.shared.group_window import GroupWindow, NoWindow, WindowKind
from domain.shared.ids import IntegrationId, TeamId
from domain.shared.severity import Severity
from tests.property.routing.test_dependencies import MILL, MILL_PROBES, a_street, needs
from tests.property.routing.test_inhibitions import inhibited
from tests.property.routing.test_routes import FIVE, TEAM, ruled
from tests.property.routing.test_silences import silenced
from tests.support.builders import (
    ADA,
    BANK,
    BANK_PROBES,
    CREW,
    MINUTE,
    NOON,
    SHOP,
    SHOP_PROBES,
    Town,
    a_town,
    an_actor,
    an_event,
)
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Ports, World, received

TELLERS = TeamId(UUID(int=99))
VIEWER = an_actor(ADA, Role.VIEWER)
NOISE = a_rule("noise", 'env="test"', is_dropped=True)
PATIENT = a_rule("patient", 'env="late"', delay=FIVE)
QUIET = a_rule("quiet", 'env="quiet"', is_suppressed=True)
SOON = a_rule("soon", 'rack!="2"', reopen_within=FIVE, goes_on=True)
NEWS = a_rule("news", page_again_by=("env",), goes_on=True)
BRIEF = a_rule("brief", resolve_after=timedelta(minutes=9), goes_on=True)
RESTLESS = a_rule("restless", flapping=Flapping(turns=2, within=timedelta(minutes=6)), goes_on=True)
RACKS = a_rule("racks", 'rack!=""', group_by=("rack",), goes_on=True)


def taken(world: World, *events: AlertEvent, number: int, by: IntegrationId = SHOP_PROBES) -> None:
    """As a door hands on a body of its own, with an id of this moment."""
    at = world.clock.now()
    event_id = UUID(int=(int(at.timestamp() * 1000) << 80) + number)
    raw = RawEvent(id=event_id, integration_id=by, received_at=at, format="native", body=b"{}")
    target = world.within(lambda ports: received(ports, by, events[0])).target
    world.call(IngestEvents, received_in(raw, events, target))
    world.work()


def tried(world: World, *rules: Rule, days: int = 1) -> Rehearsed:
    world.advance(timedelta(milliseconds=1))  # what was received at this very moment is not past
    return world.call(TryRouting, RoutingOwner(CREW), rules, days=days, actor=VIEWER)


def a_divided_town() -> Town:
    """The bank is another team's."""
    town = a_town()
    services = (replace(each, team_id=TELLERS) if each.id == BANK else each for each in town.services)
    integrations = (replace(each, team_id=TELLERS) if each.service_id == BANK else each for each in town.integrations)
    return replace(
        town,
        teams=(*town.teams, Team(id=TELLERS, name="Tellers", member_ids=(ADA,))),
        services=tuple(services),
        integrations=tuple(integrations),
    )


def what_happened(world: World, *, dropped: int) -> Tally:
    began = [event for stored in world.stored() for event in stored.events if isinstance(event, IncidentTriggered)]
    return Tally(
        incidents=len(began),
        pages=len({page.run_id for stored in world.stored() for page in stored.pages}),
        dropped=dropped,
        muted=sum(event.muted is not None for event in began),
    )


def test_what_is_rehearsed_by_the_rules_of_now_is_what_happened(lab: Lab) -> None:
    kinds = st.tuples(
        st.integers(0, 7),  # minutes after the one before
        st.sampled_from("abc"),
        st.sampled_from([AlertAction.TRIGGER, AlertAction.TRIGGER, AlertAction.RESOLVE]),
        st.sampled_from(["prod", "test", "late", "quiet", "silent"]),
        st.sampled_from(["", "1", "2"]),
    )

    @lab.holds(happenings=st.lists(kinds, max_size=12))
    def _(happenings: list[tuple[int, str, AlertAction, str, str]]) -> None:
        with lab.world(a_town()) as world:
            rules = (SOON, NEWS, BRIEF, RESTLESS, RACKS, NOISE, PATIENT, QUIET)
            ruled(world, *rules)
            silenced(world, 'env="silent"', ends_at=NOON + timedelta(hours=10))
            dropped = 0
            for number, (minutes, key, action, env, rack) in enumerate(happenings):
                world.advance(minutes * MINUTE)
                labels = {"env": env} | ({"rack": rack} if rack else {})
                taken(world, an_event(key, action, labels=labels), number=number)
                dropped += action is AlertAction.TRIGGER and env == "test"

            found = tried(world, *rules)
            assert found.before == found.after == what_happened(world, dropped=dropped)
            assert (found.examined, found.is_complete, found.different) == (len(happenings), True, 0)


def test_what_is_led_to_another_team_is_silenced_by_that_one_and_not_by_the_one_it_came_from(lab: Lab) -> None:
    lead = a_rule("lead", 'to="bank"', service_id=BANK)
    with lab.world(a_divided_town()) as world:
        ruled(world, lead)
        silenced(world, 'env="night"', ends_at=NOON + timedelta(hours=1))
        silenced(
            world, 'env="deploy"', ends_at=NOON + timedelta(hours=1), team_id=TELLERS, actor=an_actor(role=Role.ADMIN)
        )
        sent = [("night", "shop"), ("night", "bank"), ("deploy", "bank"), ("deploy", "bank")]
        for number, (env, to) in enumerate(sent):
            world.advance(MINUTE)
            taken(world, an_event(f"{number}", labels={"env": env, "to": to}), number=number)

        found = tried(world, lead)
        assert found.before == found.after == what_happened(world, dropped=0)
        assert (found.after.incidents, found.after.muted, found.different) == (4, 3, 0)


def test_what_is_rehearsed_of_services_that_need_others_and_alerts_that_mute_others_is_what_happened(lab: Lab) -> None:
    """With windows too, with bodies of several events, and with repeats that say something else than their alerts."""
    happening = st.tuples(
        st.integers(0, 3),  # minutes after the one before
        st.sampled_from([SHOP_PROBES, BANK_PROBES, MILL_PROBES]),
        st.lists(
            st.tuples(
                st.sampled_from("abc"),
                st.sampled_from([AlertAction.TRIGGER, AlertAction.TRIGGER, AlertAction.RESOLVE]),
                st.sampled_from([AlertSeverity.CRITICAL, AlertSeverity.WARNING]),
                st.sampled_from(["down", "slow", "brief", "late", "quiet", "silent", "test"]),
                st.sampled_from([None, "rack"]),
            ),
            min_size=1,
            max_size=3,
        ),
    )
    rules = (
        a_rule("brief", 'env="brief"', resolve_after=timedelta(minutes=4), goes_on=True),
        a_rule("window", group_window=GroupWindow(kind=WindowKind.ROLLING, seconds=180), goes_on=True),
        a_rule("whole", 'severity="warning"', group_window=NoWindow.NONE, goes_on=True),
        a_rule("soon", 'env!="slow"', reopen_within=FIVE, goes_on=True),
        NEWS,
        NOISE,
        a_rule("patient", 'env="late"', delay=timedelta(minutes=2)),
        QUIET,
    )

    @lab.holds(happenings=st.lists(happening, max_size=12))
    def _(happenings: list[tuple[int, IntegrationId, list[tuple[str, AlertAction, AlertSeverity, str, str]]]]) -> None:
        with lab.world(a_street()) as world:
            ruled(world, *rules)
            silenced(world, 'env="silent"', ends_at=NOON + 12 * MINUTE)
            inhibited(world, source=parse_matchers('env="down"'), target=parse_matchers('env="slow"'), equal=())
            needs(world, SHOP, BANK)
            needs(world, BANK, MILL, least_severity=Severity.SEV3)
            dropped = 0
            for number, (minutes, by, said) in enumerate(happenings):
                world.advance(minutes * MINUTE)
                events = [
                    an_event(f"{by}{key}", action, severity=severity, labels={"env": env}, group_key=group)
                    for key, action, severity, env, group in said
                ]
                taken(world, *events, number=number, by=by)
                dropped += sum(action is AlertAction.TRIGGER and env == "test" for _, action, _, env, _ in said)
            world.advance(30 * MINUTE)

            found = tried(world, *rules)
            assert found.before == found.after == what_happened(world, dropped=dropped)
            assert found.different == 0


def test_rules_that_are_tried_tell_what_they_would_have_changed_and_change_nothing(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, NOISE)
        for number, env in enumerate(("test", "prod", "late")):
            taken(world, an_event(env, labels={"env": env}), number=number)
        world.advance(MINUTE)
        before = world.stored()
        found = tried(world, PATIENT)

        assert found.before == Tally(incidents=2, pages=2, dropped=1, muted=0)
        assert found.after == Tally(incidents=3, pages=2, dropped=0, muted=1)
        told = [(each.dedup_key, each.before, each.after) for each in found.differences]
        assert told == [("test", Fate.DROPPED, Fate.PAGES), ("late", Fate.PAGES, Fate.OPENS_MUTED)]
        assert world.stored() == before
        world.advance(FIVE)
        assert tried(world, PATIENT).after.pages == 3


def test_what_would_have_been_flapping_is_told(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        for number, action in enumerate((AlertAction.TRIGGER, AlertAction.RESOLVE) * 4):
            taken(world, an_event("a", action), number=number)
            world.advance(MINUTE)
        found = tried(world, RESTLESS)
        assert (found.before, found.after) == (Tally(incidents=4, pages=4), Tally(incidents=3, pages=3))
        assert [each.after for each in found.differences] == [Fate.SETTLES, Fate.REPEATS, Fate.SETTLES]


def test_what_would_have_ended_by_silence_is_told(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        for number in range(3):
            taken(world, an_event("a"), number=number)
            world.advance((number + 1) * 3 * MINUTE)
        found = tried(world, a_rule("brief", resolve_after=FIVE))
        assert (found.before, found.after) == (Tally(incidents=1, pages=1), Tally(incidents=2, pages=2))
        assert [(each.before, each.after) for each in found.differences] == [(Fate.REPEATS, Fate.PAGES)]


def test_what_would_have_paged_again_is_told(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        for number, env in enumerate(("prod", "prod", "stage")):
            taken(world, an_event(f"key {number}", labels={"env": env}, group_key="rack"), number=number)
            world.advance(MINUTE)
        found = tried(world, a_rule("news", page_again_by=("env",)))
        assert (found.before, found.after) == (Tally(incidents=1, pages=1), Tally(incidents=1, pages=2))
        assert [(each.before, each.after) for each in found.differences] == [(Fate.JOINS, Fate.PAGES_AGAIN)]


def test_what_would_have_been_reopened_is_told(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        for number, action in enumerate((AlertAction.TRIGGER, AlertAction.RESOLVE) * 2):
            taken(world, an_event("a", action), number=number)
        found = tried(world, a_rule("soon", reopen_within=FIVE))
        assert (found.before, found.after) == (Tally(incidents=2, pages=2), Tally(incidents=1, pages=2))
        assert [(each.before, each.after) for each in found.differences] == [(Fate.PAGES, Fate.REOPENS)]
        (quiet,) = tried(world, a_rule("soon", reopen_within=FIVE, delay=FIVE)).differences[1:]
        assert quiet.after is Fate.REOPENS_MUTED


def test_what_a_rule_grouped_is_tried_by_the_group_that_the_sender_gave(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, RACKS)
        for number, key in enumerate("ab"):
            taken(world, an_event(key, labels={"rack": "1"}), number=number)
        found = tried(world)
        assert (found.before.incidents, found.after.incidents) == (1, 2)


def test_a_silence_that_is_tried_tells_what_would_not_have_paged(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        for number, env in enumerate(("prod", "late", "late")):
            taken(world, an_event(f"{env} {number}", labels={"env": env}), number=number)
        world.advance(MINUTE)
        found = world.call(TrySilence, parse_matchers('env="late"'), days=1, actor=VIEWER)
        assert (found.before.pages, found.after.pages, found.after.incidents) == (3, 1, 3)
        for days in (0, 31):
            with pytest.raises(InvalidValueError):
                world.call(TrySilence, parse_matchers('env="late"'), days=days, actor=VIEWER)
        with pytest.raises(InvalidValueError):
            world.call(TryRouting, TEAM, (a_rule("wrong", 'a=~"("'),), days=1, actor=VIEWER)


def test_only_the_days_that_are_asked_for_are_looked_at_in_pages(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        for number in range(3):
            taken(world, an_event(f"key {number}"), number=number)
            world.advance(timedelta(hours=16))
        assert [tried(world, days=days).examined for days in (1, 2)] == [1, 2]

        async def of_pages(ports: Ports) -> list[list[str]]:
            found: list[list[str]] = []
            last: UUID | None = None
            while not found or last is not None:
                page = await ports.stored_events.between(NOON, world.clock.now(), after=last, limit=2)
                found.append([each.verdict.dedup_key for each in page.events])
                last = page.last_id
            return found

        assert world.within(of_pages) == [["key 0", "key 1"], ["key 2"]]
