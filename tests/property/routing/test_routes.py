"""What rules do to the events of senders, to the incidents and to the pages."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st

from application.errors import ConflictError, ForbiddenError
from application.incident.escalate import EscalateIncident
from application.routing.get_routing import GetRouting
from application.routing.owner import RoutingOwner
from application.routing.set_routing import SetRouting
from domain.identity.role import Role
from domain.incident.events import IncidentEvent, IncidentUnmuted
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.mute import MuteKind
from domain.routing.route import Rule
from domain.routing.template import Template
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId, TeamId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support.builders import (
    ADA,
    BANK,
    BEN,
    CREW,
    MINUTE,
    NOON,
    SHOP,
    SHOP_LOGS,
    SHOP_PROBES,
    a_town,
    an_actor,
    an_event,
)
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Stored, World

TEAM = RoutingOwner(CREW)
ADMIN = an_actor(ADA, Role.ADMIN)
FIVE = timedelta(minutes=5)


def ruled(world: World, *rules: Rule, owner: RoutingOwner = TEAM) -> None:
    world.call(SetRouting, owner, rules, actor=ADMIN)


def the(world: World) -> Stored:
    (stored,) = world.stored()
    return stored


def is_what_its_events_say(stored: Stored) -> bool:
    """Promise P8."""
    folded = Incident.fold(event for event in stored.events if isinstance(event, IncidentEvent))
    return replace(folded, version=stored.incident.version) == stored.incident


def test_a_rule_says_what_an_incident_is_and_where_it_leads(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(
            world,
            a_rule(
                "database",
                'db=~"main.*"',
                service_id=BANK,
                severity=Severity.SEV3,
                urgency=Urgency.HIGH,
                title=Template("{{labels.db}}: {{annotations.summary}}"),
                runbook_url="https://runbooks.example/db",
            ),
        )
        world.trigger(labels={"db": "main-1"}, details={"annotations": {"summary": "slow"}})
        world.trigger("other", labels={"db": "spare"})
        world.work()

        ruled_one, other = world.stored()
        assert (ruled_one.incident.service_id, ruled_one.incident.severity, ruled_one.incident.urgency) == (
            BANK,
            Severity.SEV3,
            Urgency.HIGH,
        )
        assert ruled_one.incident.title == "main-1: slow"
        assert [(link.href, link.text) for link in ruled_one.alerts[0].links] == [
            ("https://runbooks.example/db", "Runbook")
        ]
        assert {page.user_id for page in ruled_one.pages} == {BEN}  # whom the bank's policy pages
        assert (other.incident.service_id, other.incident.title) == (SHOP, "other is unwell")


def test_what_a_rule_groups_shares_an_incident_exactly_when_the_labels_agree(lab: Lab) -> None:
    @lab.holds(hosts=st.lists(st.sampled_from("abc"), min_size=1, max_size=6))
    def _(hosts: list[str]) -> None:
        with lab.world(a_town()) as world:
            ruled(world, a_rule("by host", group_by=("host",)))
            world.receive(*(an_event(f"key {place}", labels={"host": host}) for place, host in enumerate(hosts)))

            assert len(world.stored()) == len(set(hosts))
            for stored in world.stored():
                assert len({alert.labels["host"] for alert in stored.alerts}) == 1


def test_what_is_suppressed_is_an_incident_that_pages_nobody_and_says_why(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("quiet", is_suppressed=True))
        world.trigger()
        world.settle()

        stored = the(world)
        assert stored.incident.status is IncidentStatus.TRIGGERED
        assert stored.summary.muted is not None
        assert (stored.summary.muted.kind, stored.summary.muted.by) == (MuteKind.SUPPRESSED, "quiet")
        assert (stored.pages, world.count_stalled()) == ((), 0)
        assert is_what_its_events_say(stored)


def test_what_is_delayed_pages_when_it_lasts_and_never_when_it_does_not(lab: Lab) -> None:
    @lab.holds(lasts=st.integers(0, 9))
    def _(lasts: int) -> None:
        with lab.world(a_town()) as world:
            ruled(world, a_rule("patient", delay=FIVE))
            world.trigger()
            world.advance(lasts * MINUTE)
            assert world.count_stalled() == 0
            world.resolve()
            world.settle()

            paged_at = {page.at for page in world.pages}
            assert min(paged_at, default=None) == (NOON + FIVE if lasts >= 5 else None)
            assert is_what_its_events_say(the(world))


def test_what_is_dropped_is_no_alert_and_is_counted(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
        world.receive(*(an_event(f"key {number}", labels={"env": "test"}) for number in range(3)), an_event("real"))
        world.resolve("key 1")
        world.trigger("key 2", labels={"env": "test"})

        assert the(world).alerts[0].dedup_key == "real"
        drops = world.call(GetRouting, TEAM, actor=ADMIN).drops
        assert {name: each.dropped for name, each in drops.items()} == {"noise": 4}


def test_an_alert_that_nothing_mutes_makes_the_muted_incident_of_its_group_page(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("quiet", 'level="low"', is_suppressed=True))
        world.trigger("one", labels={"level": "low"}, group_key="rack")
        world.trigger("two", labels={"level": "low"}, group_key="rack")
        world.work()
        assert world.pages == ()

        world.trigger("three", labels={"level": "high"}, group_key="rack")
        world.work()
        stored = the(world)
        assert stored.incident.muted is None
        assert [type(event) for event in stored.events if isinstance(event, IncidentUnmuted)] == [IncidentUnmuted]
        assert len(stored.pages) > 0
        assert is_what_its_events_say(stored)


def test_a_batch_of_which_one_alert_is_heard_opens_an_incident_that_pages(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("quiet", 'level="low"', is_suppressed=True))
        world.receive(
            an_event("one", labels={"level": "low"}, group_key="rack"),
            an_event("two", labels={"level": "high"}, group_key="rack"),
        )
        world.work()
        assert the(world).incident.muted is None
        assert len(the(world).pages) > 0


def test_whoever_escalates_what_is_muted_has_it_page(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("quiet", is_suppressed=True))
        world.trigger()
        world.call(EscalateIncident, the(world).incident.id, actor=an_actor())
        world.work()
        assert the(world).incident.muted is None
        assert len(the(world).pages) > 0


def test_an_integrations_rules_go_before_its_teams_and_those_before_the_organisations(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("organisation", title=Template("of all")), owner=RoutingOwner())
        world.trigger("one")
        ruled(world, a_rule("team", title=Template("of the team")))
        world.trigger("two")
        ruled(world, a_rule("own", title=Template("of its own")), owner=RoutingOwner(integration_id=SHOP_PROBES))
        world.trigger("three")
        world.trigger("four", by=SHOP_LOGS)

        assert [stored.incident.title for stored in world.stored()] == [
            "of all",
            "of the team",
            "of its own",
            "of the team",
        ]


def test_only_who_configures_the_owner_sets_its_rules(lab: Lab) -> None:
    manager = an_actor(ADA, Role.MANAGER, team_ids=frozenset({CREW}))
    with lab.world(a_town()) as world:
        for owner in (TEAM, RoutingOwner(integration_id=SHOP_PROBES)):
            world.call(SetRouting, owner, (), actor=manager)
            with pytest.raises(ForbiddenError):
                world.call(SetRouting, owner, (), actor=an_actor(ADA, Role.RESPONDER, team_ids=frozenset({CREW})))
            with pytest.raises(ForbiddenError):
                world.call(SetRouting, owner, (), actor=an_actor(ADA, Role.MANAGER))
        with pytest.raises(ForbiddenError):
            world.call(SetRouting, RoutingOwner(), (), actor=manager)


def test_rules_that_cannot_be_are_refused_with_their_place(lab: Lab) -> None:
    nowhere = ServiceId(TeamId(CREW))
    with lab.world(a_town()) as world:
        with pytest.raises(InvalidValueError, match=r"rules\[1\].matchers"):
            ruled(world, a_rule("fine"), a_rule("wrong", 'app=~"(?<=x)y"'))
        with pytest.raises(InvalidValueError, match=r"rules\[0\].service_id"):
            ruled(world, a_rule("nowhere", service_id=nowhere))
        with pytest.raises(ConflictError):
            world.call(SetRouting, TEAM, (), version=3, actor=ADMIN)
