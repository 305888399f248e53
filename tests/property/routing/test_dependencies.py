"""Services that need others: what may have caused an incident, and what it mutes meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.alert.explain import ExplainEvent
from application.dependency.list_dependents import ListDependents
from application.dependency.set import SetDependencies
from application.errors import ConflictError, ForbiddenError, NotFoundError
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.change_severity import ChangeSeverity
from application.incident.resolve import ResolveIncident
from application.ports.page import PageRequest
from application.service.get_service import GetService
from application.silence.create import CreateSilence
from domain.alert.alert_event import AlertSeverity
from domain.identity.role import Role
from domain.incident.events import IncidentCauseSuspected
from domain.incident.mute import MuteKind
from domain.routing.looks import FIRST_LOOK
from domain.routing.matcher import parse_matchers
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId, ServiceId
from domain.shared.severity import Severity
from tests.property.routing.test_explanations import taken
from tests.property.routing.test_inhibitions import of
from tests.property.routing.test_routes import is_what_its_events_say
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
    a_service,
    a_town,
    an_actor,
    an_event,
    an_integration,
)
from tests.support.laws import Lab
from tests.support.routing import a_dependency
from tests.support.world import World

MANAGER = an_actor(ADA, Role.MANAGER, team_ids=frozenset({CREW}))
MILL, MILL_PROBES = ServiceId(UUID(int=43)), IntegrationId(UUID(int=59))
MINOR = AlertSeverity.WARNING  # SEV3, below what a dependency is about unless it says so


def a_street() -> Town:
    """The town, and a mill."""
    town = a_town()
    probes = an_integration(MILL_PROBES, MILL)
    return replace(town, services=(*town.services, a_service(MILL)), integrations=(*town.integrations, probes))


def needs(world: World, service_id: ServiceId = SHOP, upstream_id: ServiceId = BANK, **more: Any) -> None:
    """The shop needs the bank, which mutes it."""
    wanted = [a_dependency(service_id, upstream_id, **{"mutes": True, **more})]
    world.call(SetDependencies, service_id, wanted, actor=MANAGER)


def break_bank(world: World, **more: Any) -> None:
    world.trigger("bank", by=BANK_PROBES, **more)


def suspected(world: World, dedup_key: str) -> list[IncidentCauseSuspected]:
    return [event for event in of(world, dedup_key).events if isinstance(event, IncidentCauseSuspected)]


def test_an_incident_that_begins_while_its_upstream_is_broken_says_so_and_pages_unless_it_is_to_be_muted(
    lab: Lab,
) -> None:
    with lab.world(a_street()) as world:
        needs(world, mutes=False)
        break_bank(world)
        world.trigger("shop")
        world.work()
        (event,) = suspected(world, "shop")
        bank = of(world, "bank")
        assert (event.upstream_incident_id, event.upstream_number) == (bank.incident.id, bank.incident.number)
        assert event.upstream_service_id == BANK
        assert of(world, "shop").summary.muted is None
        assert of(world, "shop").pages != ()
        assert suspected(world, "bank") == []
        assert is_what_its_events_say(of(world, "shop"))


def test_while_the_upstream_has_an_incident_what_begins_pages_nobody_and_says_why(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        break_bank(world)
        world.trigger("shop")
        world.advance(timedelta(hours=5))

        shop = of(world, "shop")
        assert shop.summary.muted is not None
        assert (shop.summary.muted.kind, shop.summary.muted.by) == (MuteKind.DEPENDENCY, str(BANK))
        assert f"INC-{of(world, 'bank').incident.number}" in shop.summary.muted.reason
        assert shop.pages == ()
        assert of(world, "bank").pages != ()
        assert world.count_stalled() == 0
        assert is_what_its_events_say(shop)


@pytest.mark.parametrize("is_by_person", [False, True])
def test_when_the_upstream_is_resolved_what_still_fires_pages_and_what_has_cleared_never_does(
    lab: Lab, *, is_by_person: bool
) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        break_bank(world)
        world.trigger("shop")
        world.trigger("shop too")
        world.advance(5 * MINUTE)
        world.resolve("shop too")
        if is_by_person:
            world.call(ResolveIncident, of(world, "bank").incident.id, actor=an_actor())
        else:
            world.resolve("bank", by=BANK_PROBES)
        world.work()

        assert min(page.created_at for page in of(world, "shop").pages) == NOON + 5 * MINUTE
        assert of(world, "shop too").pages == ()
        assert all(map(is_what_its_events_say, world.stored()))


def test_while_another_incident_of_the_upstream_is_open_it_stays_muted_also_when_somebody_has_it(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        break_bank(world)
        world.trigger("bank too", by=BANK_PROBES)
        world.trigger("shop")
        world.call(AcknowledgeIncident, of(world, "bank too").incident.id, actor=an_actor())
        world.resolve("bank", by=BANK_PROBES)
        world.advance(timedelta(minutes=20))
        assert of(world, "shop").pages == ()
        world.resolve("bank too", by=BANK_PROBES)
        world.work()
        assert of(world, "shop").pages != ()


def test_an_incident_upstream_that_is_not_severe_enough_mutes_nothing_nor_does_one_that_weighs_less_now(
    lab: Lab,
) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        break_bank(world, severity=MINOR)
        world.trigger("first")
        world.work()
        assert of(world, "first").pages != ()
        assert suspected(world, "first") == []
        bank = of(world, "bank").incident.id
        world.call(ChangeSeverity, bank, Severity.SEV1, actor=an_actor())
        world.trigger("second")
        world.work()
        assert of(world, "second").pages == ()
        world.call(ChangeSeverity, bank, Severity.SEV3, actor=an_actor())
        world.work()
        assert of(world, "second").pages != ()


def test_how_severe_it_must_be_is_a_choice_of_each_dependency(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world, least_severity=Severity.SEV3)
        break_bank(world, severity=MINOR)
        world.trigger("shop")
        world.work()
        assert of(world, "shop").pages == ()


def test_what_pages_already_when_the_upstream_breaks_goes_on(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        world.trigger("shop")
        break_bank(world)
        world.work()
        assert of(world, "shop").pages != ()


@pytest.mark.parametrize("is_upstream_first", [False, True])
def test_incidents_that_begin_together_are_told_apart_whatever_their_order(
    lab: Lab, *, is_upstream_first: bool
) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        events = [(SHOP_PROBES, an_event("shop")), (BANK_PROBES, an_event("bank"))]
        world.receive_all(events[::-1] if is_upstream_first else events)
        world.advance(timedelta(hours=1))
        assert (of(world, "shop").pages, of(world, "bank").pages != ()) == ((), True)
        assert is_what_its_events_say(of(world, "shop"))


def test_an_incident_upstream_that_nobody_hears_of_mutes_nothing(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        matchers = parse_matchers('app="bank"')
        world.call(CreateSilence, matchers, comment="c", ends_at=NOON + timedelta(hours=1), actor=an_actor())
        break_bank(world, labels={"app": "bank"})
        world.trigger("shop")
        world.work()
        assert of(world, "bank").pages == ()
        assert of(world, "shop").pages != ()


def test_the_upstream_of_an_upstream_mutes_by_way_of_it(lab: Lab) -> None:
    """The bank is muted and waits for the mill, of which somebody has heard; so the shop may wait for the bank."""
    with lab.world(a_street()) as world:
        needs(world)
        needs(world, BANK, MILL)
        world.trigger("mill", by=MILL_PROBES)
        break_bank(world)
        world.trigger("shop")
        world.advance(timedelta(hours=1))
        assert (of(world, "shop").pages, of(world, "bank").pages) == ((), ())
        world.resolve("mill", by=MILL_PROBES)
        world.work()
        assert of(world, "bank").pages != ()
        assert of(world, "shop").pages == ()


def test_what_is_silenced_too_waits_for_both(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        matchers = parse_matchers('app="shop"')
        world.call(CreateSilence, matchers, comment="c", ends_at=NOON + 10 * MINUTE, actor=an_actor())
        break_bank(world)
        world.trigger("shop", labels={"app": "shop"})
        world.resolve("bank", by=BANK_PROBES)
        world.settle()
        assert min(page.created_at for page in of(world, "shop").pages) == NOON + 10 * MINUTE


def test_a_dependency_that_is_taken_back_or_mutes_no_more_lets_what_it_muted_page(lab: Lab) -> None:
    for wanted in ([], [a_dependency(SHOP, BANK)]):
        with lab.world(a_street()) as world:
            needs(world)
            break_bank(world)
            world.trigger("shop")
            world.call(SetDependencies, SHOP, wanted, actor=MANAGER)
            world.work()
            assert of(world, "shop").pages != ()


def test_what_was_resolved_in_the_moment_that_it_was_asked_about_is_found_at_the_first_look(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        break_bank(world)
        world.trigger("shop")
        bank = of(world, "bank").incident

        async def resolved_unseen(ports: Any) -> None:
            async with ports.transaction:
                (stored,) = await ports.incidents.get_many({bank.id})
                await ports.incidents.save(stored.resolve(by=ADA, via=an_actor().via, at=NOON))

        world.within(resolved_unseen)
        world.settle()
        assert min(page.created_at for page in of(world, "shop").pages) == NOON + FIRST_LOOK


def test_an_event_is_explained_with_what_its_service_needs(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        break_bank(world)
        event_id = taken(world, an_event("shop"))
        (verdict,) = world.call(ExplainEvent, event_id, actor=MANAGER).stored.raw.verdicts
        assert verdict.muted is not None
        assert verdict.muted.kind is MuteKind.DEPENDENCY


def test_circles_are_refused_with_the_way_along_them(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        needs(world)
        needs(world, BANK, MILL)
        names = {each: world.call(GetService, each, actor=MANAGER).name for each in (SHOP, BANK, MILL)}
        with pytest.raises(InvalidValueError) as refused:
            needs(world, MILL, SHOP)
        assert refused.value.field == "dependencies[0].service_id"
        way = " → ".join(names[each] for each in (MILL, SHOP, BANK, MILL))
        assert way in refused.value.reason
        with pytest.raises(InvalidValueError):
            needs(world, MILL, MILL)


def test_only_who_configures_the_team_says_what_its_service_needs_and_that_must_be_there(lab: Lab) -> None:
    with lab.world(a_street()) as world:
        nowhere = ServiceId(UUID(int=999))
        with pytest.raises(InvalidValueError, match="dependencies") as refused:
            needs(world, SHOP, nowhere)
        assert refused.value.field == "dependencies[0].service_id"
        with pytest.raises(NotFoundError):
            world.call(SetDependencies, nowhere, [], actor=an_actor(ADA, Role.ADMIN))
        responder = an_actor(ADA, Role.RESPONDER, team_ids=frozenset({CREW}))
        with pytest.raises(ForbiddenError):
            world.call(SetDependencies, SHOP, [], actor=responder)
        version = world.call(GetService, SHOP, actor=MANAGER).version
        shown = world.call(SetDependencies, SHOP, [a_dependency(SHOP, BANK)], version=version, actor=MANAGER)
        assert shown.service.version == version + 1
        with pytest.raises(ConflictError):
            world.call(SetDependencies, SHOP, [], version=version, actor=MANAGER)
        listed = world.call(ListDependents, BANK, PageRequest(), actor=MANAGER)
        assert [each.id for each in listed.items] == [SHOP]
