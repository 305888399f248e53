"""Bodies once more after a mistake: what was missed is done, what was done is left alone, and nobody is paged twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from application.alert.explain import ExplainEvent
from application.alert.ingest import IngestEvents
from application.alert.replay import Effects, ReplayBodies, Replayed
from application.alert.routed import received_in
from application.errors import ForbiddenError, NotFoundError
from application.ports.intake import DeadLetter, RawEvent
from application.ports.readers import NewestFirst
from application.routing.owner import RoutingOwner
from application.routing.set_routing import SetRouting
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.identity.role import Role
from domain.routing.route import Rule
from domain.service.integration import IntegrationKind
from domain.service.mapping import EventMapping
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId, TeamId
from tests.support.builders import ADA, CREW, NOON, SHOP_PROBES, Town, a_town, an_actor, an_event, an_integration
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import World, received

ADMIN = an_actor(ADA, Role.ADMIN)
MINUTE = timedelta(minutes=1)
EVERYTHING = a_rule("a mistake", is_dropped=True)
RESOLVE = AlertAction.RESOLVE


def ruled(world: World, *rules: Rule) -> None:
    world.call(SetRouting, RoutingOwner(CREW), rules, actor=ADMIN)


def sent(world: World, event: AlertEvent) -> None:
    """As the native door takes one event in a body."""
    target = world.within(lambda ports: received(ports, SHOP_PROBES, event)).target
    at = world.clock.now()
    body = {"action": event.action, "dedup_key": event.dedup_key, "summary": event.summary or "it is full"}
    raw = RawEvent(
        id=UUID(int=(int(at.timestamp() * 1000) << 80) | 1),
        integration_id=SHOP_PROBES,
        received_at=at,
        format="native",
        body=msgspec.json.encode(body),
    )
    world.call(IngestEvents, received_in(raw, [event], target))
    world.advance(MINUTE)


def set_aside(world: World, body: bytes, *, source: str = "http", reason: str = "no mapping") -> None:
    letter = DeadLetter(UUID(int=99), SHOP_PROBES, world.clock.now(), source, reason, body)
    world.write(lambda ports: ports.intake.set_aside((letter,)))
    world.advance(MINUTE)


def replayed(world: World, *, dry_run: bool = False) -> Replayed:
    return world.call(ReplayBodies, SHOP_PROBES, since=NOON, dry_run=dry_run, actor=ADMIN)


def a_town_of(**more: Any) -> Town:
    town = a_town()
    others = tuple(each for each in town.integrations if each.id != SHOP_PROBES)
    return replace(town, integrations=(an_integration(**more), *others))


def test_what_a_rule_dropped_by_mistake_pages_after_it_is_mended_and_never_twice(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, EVERYTHING)
        sent(world, an_event("disk"))
        sent(world, an_event("disk"))
        ruled(world)

        assert replayed(world).effects == Effects(alerts=1, occurrences=1)
        world.work()
        pages = world.pages
        assert pages
        world.advance(MINUTE)
        again = replayed(world)
        assert (again.effects, again.taken) == (Effects(repeated=2), 2)  # and what the first time kept
        world.work()
        assert world.pages == pages


def test_what_came_signed_is_read_by_its_headers_and_believed_because_it_was_taken(lab: Lab) -> None:
    with lab.world(a_town_of(kind=IntegrationKind.CLOUDEVENTS, signing_secret_sealed=b"sealed")) as world:
        ruled(world, EVERYTHING)
        headers = {
            "ce-specversion": "1.0",
            "ce-id": "1",
            "ce-source": "/jobs",
            "ce-type": "failed",
            "ce-subject": "disk",
        }
        event = an_event("disk")
        target = world.within(lambda ports: received(ports, SHOP_PROBES, event)).target
        raw = RawEvent(
            id=UUID(int=7),
            integration_id=SHOP_PROBES,
            received_at=world.clock.now(),
            format="cloudevents",
            body=b'{"title": "it is full"}',
            headers=headers,
        )
        world.call(IngestEvents, received_in(raw, [event], target))
        world.advance(MINUTE)
        ruled(world)

        for expected in (Effects(alerts=1), Effects(repeated=1)):
            assert replayed(world).effects == expected
        ((alert,),) = (stored.alerts for stored in world.stored())
        assert alert.summary == "it is full"
        assert alert.event_id is not None
        assert world.call(ExplainEvent, alert.event_id, actor=ADMIN).stored.raw.headers == headers


def test_a_dry_run_says_the_same_and_changes_nothing(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, EVERYTHING)
        sent(world, an_event("disk"))
        before = replayed(world, dry_run=True)
        assert (before.effects, before.shadow and before.shadow.dropped) == (Effects(dropped=1), 1)
        ruled(world)
        tried = replayed(world, dry_run=True)
        assert world.stored() == ()
        assert tried.shadow is not None
        assert (tried.shadow.incidents, tried.shadow.pages, tried.shadow.dropped) == (1, 1, 0)
        done = replayed(world)
        assert (done.effects, done.shadow) == (tried.effects, None) == (Effects(alerts=1), None)


def test_an_alert_that_fires_has_one_more_occurrence_and_pages_nobody(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, EVERYTHING)
        sent(world, an_event("disk"))
        ruled(world)
        sent(world, an_event("disk"))
        pages = world.pages
        assert pages

        found = replayed(world)
        assert (found.effects, found.taken) == (Effects(occurrences=1), 1)
        (stored,) = world.stored()
        assert [alert.occurrences for alert in stored.alerts] == [2]
        assert world.pages == pages


def test_what_ended_meanwhile_opens_nothing(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, EVERYTHING)
        sent(world, an_event("disk"))
        sent(world, an_event("disk", RESOLVE))
        ruled(world)

        found = replayed(world)
        assert (found.effects, found.over) == (Effects(over=1), 1)
        assert world.stored() == ()


def test_an_end_that_could_not_be_read_resolves_the_alert_unless_it_was_heard_of_since(lab: Lab) -> None:
    mapping = EventMapping(summary="title", dedup_key="id", action="state", actions=(("ok", "resolve"),))
    with lab.world(a_town_of(kind=IntegrationKind.JSON, mapping=mapping)) as world:
        world.trigger("7")
        world.advance(MINUTE)
        set_aside(world, b'{"title": "disk", "id": 7, "state": "ok"}')
        assert replayed(world, dry_run=True).effects == Effects(resolved=1)
        world.trigger("7")
        assert replayed(world, dry_run=True).effects == Effects(over=1)


def test_what_was_set_aside_for_want_of_a_mapping_pages_once_there_is_one(lab: Lab) -> None:
    body = b'{"title": "disk"}'
    with lab.world(a_town_of(kind=IntegrationKind.JSON)) as world:
        set_aside(world, body)
        assert (replayed(world).unreadable, world.stored()) == (1, ())
    with lab.world(a_town_of(kind=IntegrationKind.JSON, mapping=EventMapping(summary="title"))) as world:
        set_aside(world, body)
        assert replayed(world).effects == Effects(alerts=1)
        world.advance(MINUTE)
        again = replayed(world)
        assert (again.effects, again.taken) == (Effects(), 1)  # the body that was kept with what became of it


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("sqs", {}),  # it may have been too old to page anybody
        ("http", {"kind": IntegrationKind.GRAFANA, "signing_secret_sealed": b"sealed"}),  # or somebody else's
        ("http", {"kind": IntegrationKind.CLOUDWATCH}),
    ],
)
def test_what_may_have_been_set_aside_for_whose_it_was_or_its_age_is_not_believed_later(
    lab: Lab, source: str, more: dict[str, Any]
) -> None:
    with lab.world(a_town_of(**more)) as world:
        set_aside(world, b'{"action": "trigger", "summary": "disk", "dedup_key": "disk"}', source=source)
        found = replayed(world)
        assert (found.unreadable, found.effects) == (1, Effects())


def test_each_replay_that_does_something_is_in_the_audit_trail(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, EVERYTHING)
        sent(world, an_event("disk"))
        ruled(world)
        replayed(world, dry_run=True)
        replayed(world)
        found = world.within(lambda ports: ports.audit_reader.list(NewestFirst(), noun_id=SHOP_PROBES))
        entries = [each.entry for each in found.items]
        assert [entry.action for entry in entries] == ["integration.replay"]
        assert entries[0].after is not None
        assert entries[0].after["alerts"] == 1


def test_only_who_configures_the_integration_may(lab: Lab) -> None:
    stranger = an_actor(ADA, Role.MANAGER, team_ids=frozenset({TeamId(UUID(int=404))}))
    with lab.world(a_town()) as world:
        for actor in (an_actor(ADA, Role.RESPONDER), stranger):
            with pytest.raises(ForbiddenError):
                world.call(ReplayBodies, SHOP_PROBES, since=NOON - MINUTE, dry_run=True, actor=actor)
        nobody = IntegrationId(UUID(int=404))
        with pytest.raises(NotFoundError):
            world.call(ReplayBodies, nobody, since=NOON - MINUTE, dry_run=True, actor=ADMIN)


@pytest.mark.parametrize("since", [NOON, NOON + MINUTE, NOON - timedelta(days=31)])
def test_the_interval_lies_before_now_and_within_what_is_kept(lab: Lab, since: datetime) -> None:
    with lab.world(a_town()) as world, pytest.raises(InvalidValueError, match="since"):
        world.call(ReplayBodies, SHOP_PROBES, since=since, dry_run=True, actor=ADMIN)
