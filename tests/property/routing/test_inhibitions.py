"""Alerts that mute those that only follow from them."""

from datetime import timedelta
from typing import Any

import pytest

from application.errors import ForbiddenError
from application.incident.resolve import ResolveIncident
from application.inhibition.create import CreateInhibition
from application.inhibition.remove import RemoveInhibition
from application.silence.create import CreateSilence
from domain.identity.role import Role
from domain.incident.mute import MuteKind
from domain.routing.inhibition import Inhibition
from domain.routing.looks import FIRST_LOOK
from domain.routing.matcher import parse_matchers
from domain.shared.errors import InvalidValueError
from tests.property.routing.test_routes import is_what_its_events_say, ruled
from tests.support.builders import ADA, BANK_PROBES, CREW, MINUTE, NOON, a_town, an_actor, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Stored, World

MANAGER = an_actor(ADA, Role.MANAGER, team_ids=frozenset({CREW}))
DOWN = {"alertname": "HostDown", "host": "a"}
SLOW = {"alertname": "Slow", "host": "a"}


def inhibited(world: World, **more: Any) -> Inhibition:
    values: dict[str, Any] = {
        "team_id": CREW,
        "name": "host down",
        "source": parse_matchers('alertname="HostDown"'),
        "target": parse_matchers('alertname="Slow"'),
        "equal": ("host",),
        "actor": MANAGER,
        **more,
    }
    return world.call(CreateInhibition, **values)


def of(world: World, dedup_key: str) -> Stored:
    """The incident of an alert."""
    (found,) = [stored for stored in world.stored() if dedup_key in {alert.dedup_key for alert in stored.alerts}]
    return found


def test_while_a_source_fires_its_targets_page_nobody_and_say_why(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        world.trigger("down", labels=DOWN)
        world.trigger("slow", labels=SLOW, by=BANK_PROBES)  # of the same team
        world.trigger("elsewhere", labels=SLOW | {"host": "b"})
        world.advance(timedelta(hours=1))

        slow = of(world, "slow")
        assert slow.summary.muted is not None
        assert slow.summary.muted.kind is MuteKind.INHIBITED
        assert slow.summary.muted.reason == "inhibited by host down (host=a)"
        assert slow.pages == ()
        assert len(of(world, "down").pages) > 0
        assert len(of(world, "elsewhere").pages) > 0
        assert world.count_stalled() == 0


@pytest.mark.parametrize("is_by_person", [False, True])
def test_when_the_source_clears_what_still_fires_pages(lab: Lab, *, is_by_person: bool) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        world.trigger("down", labels=DOWN)
        world.trigger("slow", labels=SLOW)
        world.trigger("slow too", labels=SLOW)
        world.advance(5 * MINUTE)
        world.resolve("slow too")
        if is_by_person:
            world.call(ResolveIncident, of(world, "down").incident.id, actor=an_actor())
        else:
            world.resolve("down")
        world.work()

        assert min(page.created_at for page in of(world, "slow").pages) == NOON + 5 * MINUTE
        assert of(world, "slow too").pages == ()
        assert all(map(is_what_its_events_say, world.stored()))


def test_what_cleared_in_the_moment_that_it_was_asked_about_is_found_at_the_first_look(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        world.trigger("down", labels=DOWN)
        world.trigger("slow", labels=SLOW)
        (down,) = of(world, "down").alerts

        async def cleared_unseen(ports: Any) -> None:
            async with ports.transaction:
                (stored,) = await ports.alerts.firing({(down.integration_id, down.dedup_key)})
                await ports.alerts.save_cleared([stored.clear(at=NOON)])
                await ports.inhibition_sources.take_cleared({stored.id})

        world.within(cleared_unseen)
        world.settle()
        assert min(page.created_at for page in of(world, "slow").pages) == NOON + FIRST_LOOK


def test_what_is_delayed_beside_it_pages_no_sooner_for_being_looked_at(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        ruled(world, a_rule("patience", 'alertname="Warm"', delay=10 * MINUTE))
        world.trigger("down", labels=DOWN)
        world.receive(
            an_event("slow", labels=SLOW, group_key="rack"),
            an_event("warm", labels=SLOW | {"alertname": "Warm"}, group_key="rack"),
        )
        world.advance(30 * MINUTE)
        assert min(page.created_at for page in of(world, "warm").pages) == NOON + 10 * MINUTE


def test_while_another_source_fires_it_stays_muted(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        world.trigger("down", labels=DOWN)
        world.trigger("down too", labels=DOWN)
        world.trigger("slow", labels=SLOW)
        world.resolve("down")
        world.advance(timedelta(hours=1))
        assert of(world, "slow").pages == ()
        world.resolve("down too")
        world.work()
        assert len(of(world, "slow").pages) > 0
        assert is_what_its_events_say(of(world, "slow"))


def test_alerts_that_begin_together_mute_each_other_whatever_their_order(lab: Lab) -> None:
    for first, second in ((SLOW, DOWN), (DOWN, SLOW)):
        with lab.world(a_town()) as world:
            inhibited(world)
            world.receive(an_event(first["alertname"], labels=first), an_event(second["alertname"], labels=second))
            world.work()
            assert (of(world, "Slow").summary.muted is None, of(world, "HostDown").summary.muted is None) == (
                False,
                True,
            )


def test_what_began_before_its_source_goes_on(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        world.trigger("slow", labels=SLOW)
        world.trigger("down", labels=DOWN)
        world.work()
        assert len(of(world, "slow").pages) > 0


def test_what_is_silenced_too_waits_for_both(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        inhibited(world)
        world.call(
            CreateSilence,
            parse_matchers('alertname="Slow"'),
            comment="c",
            ends_at=NOON + 10 * MINUTE,
            actor=an_actor(),
        )
        world.trigger("down", labels=DOWN)
        world.trigger("slow", labels=SLOW)
        world.resolve("down")
        world.settle()
        assert min(page.created_at for page in of(world, "slow").pages) == NOON + 10 * MINUTE
        assert is_what_its_events_say(of(world, "slow"))


def test_an_inhibition_that_is_removed_mutes_nothing_any_more(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        rule = inhibited(world)
        world.trigger("down", labels=DOWN)
        world.trigger("slow", labels=SLOW)
        world.call(RemoveInhibition, rule.id, actor=MANAGER)
        world.work()
        assert len(of(world, "slow").pages) > 0


def test_only_who_configures_the_team_says_what_inhibits_and_it_must_ask_for_something(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        rule = inhibited(world)
        responder = an_actor(ADA, Role.RESPONDER, team_ids=frozenset({CREW}))
        with pytest.raises(ForbiddenError):
            inhibited(world, actor=responder)
        with pytest.raises(ForbiddenError):
            world.call(RemoveInhibition, rule.id, actor=responder)
        for field in ("source", "target"):
            for text in ('a!="b"', 'a=~"("'):
                with pytest.raises(InvalidValueError, match=field):
                    inhibited(world, **{field: parse_matchers(text)})
