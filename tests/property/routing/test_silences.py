"""What silences do to pages."""

from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st

from application.errors import ForbiddenError
from application.incident.acknowledge import AcknowledgeIncident
from application.silence.change import ChangeSilence
from application.silence.create import CreateSilence
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.incident.mute import MuteKind
from domain.routing.matcher import parse_matchers
from domain.routing.silence import Silence
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId
from tests.property.routing.test_routes import FIVE, is_what_its_events_say, ruled, the
from tests.support.builders import ADA, CREW, MINUTE, NOON, a_town, an_actor
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import World

HOUR = timedelta(hours=1)
TEST = {"env": "test"}


def silenced(
    world: World,
    matchers: str = 'env="test"',
    *,
    ends_at: datetime = NOON + HOUR,
    starts_at: datetime | None = None,
    team_id: TeamId = CREW,
    actor: Actor | None = None,
) -> Silence:
    return world.call(
        CreateSilence,
        parse_matchers(matchers),
        comment="a deploy",
        ends_at=ends_at,
        starts_at=starts_at,
        team_id=team_id,
        actor=actor or an_actor(),
    )


def first_page(world: World) -> datetime | None:
    return min((page.at for page in world.pages), default=None)


def test_a_silent_alert_is_an_incident_that_says_which_silence_and_pages_nobody_meanwhile(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        silence = silenced(world)
        world.trigger(labels=TEST)
        world.trigger("other", labels={"env": "prod"})
        world.advance(30 * MINUTE)

        silent, loud = world.stored()
        assert silent.summary.muted is not None
        assert (silent.summary.muted.kind, silent.summary.muted.by) == (MuteKind.SILENCED, str(silence.id))
        assert "a deploy" in silent.summary.muted.reason
        assert silent.pages == ()
        assert loud.summary.muted is None
        assert len(loud.pages) > 0
        assert world.count_stalled() == 0


def test_what_still_fires_at_the_end_pages_then_and_what_has_cleared_never_does(lab: Lab) -> None:
    @lab.holds(cleared_after=st.one_of(st.none(), st.integers(1, 90)))
    def _(cleared_after: int | None) -> None:
        with lab.world(a_town()) as world:
            silenced(world)
            world.trigger(labels=TEST)
            if cleared_after is not None:
                world.advance(cleared_after * MINUTE)
                world.resolve()
            world.settle()

            lasts = cleared_after is None or cleared_after >= 60
            assert first_page(world) == (NOON + HOUR if lasts else None)
            assert is_what_its_events_say(the(world))


def test_while_another_silence_holds_it_stays_muted(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        silenced(world)
        world.trigger(labels=TEST)
        silenced(world, 'summary=~"disk.*"', ends_at=NOON + 2 * HOUR)
        world.settle()
        assert first_page(world) == NOON + 2 * HOUR
        assert is_what_its_events_say(the(world))


def test_a_silence_that_is_ended_early_pages_for_what_still_fires(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        silence = silenced(world)
        world.trigger(labels=TEST)
        world.advance(10 * MINUTE)
        world.call(ChangeSilence, silence.id, ends_at=None, actor=an_actor())
        world.settle()
        assert first_page(world) == NOON + 10 * MINUTE
        assert is_what_its_events_say(the(world))


def test_a_silence_that_ends_later_after_all_holds_until_then(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        silence = silenced(world)
        world.trigger(labels=TEST)
        world.call(ChangeSilence, silence.id, ends_at=NOON + 3 * HOUR, actor=an_actor())
        world.settle()
        assert first_page(world) == NOON + 3 * HOUR


def test_a_planned_silence_holds_from_its_start(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        silenced(world, starts_at=NOON + 30 * MINUTE)
        world.trigger("early", labels=TEST)
        world.advance(30 * MINUTE)
        world.trigger("late", labels=TEST)
        world.work()
        early, late = world.stored()
        assert (early.summary.muted, late.summary.muted is not None) == (None, True)


def test_of_a_delay_and_a_silence_the_later_one_counts(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, a_rule("patient", delay=FIVE))
        silenced(world, ends_at=NOON + MINUTE)
        world.trigger(labels=TEST)
        silenced(world, ends_at=NOON + 2 * MINUTE)
        world.settle()
        assert first_page(world) == NOON + FIVE


def test_what_somebody_has_taken_does_not_page_when_the_silence_ends(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        silenced(world)
        world.trigger(labels=TEST)
        world.call(AcknowledgeIncident, the(world).incident.id, actor=an_actor())
        world.settle()
        assert first_page(world) is None


def test_incidents_that_are_open_already_go_on(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        world.trigger(labels=TEST)
        silenced(world)
        world.work()
        assert first_page(world) == NOON


def test_whoever_may_respond_may_silence_and_nobody_else(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        viewer = an_actor(ADA, Role.VIEWER)
        with pytest.raises(ForbiddenError):
            world.call(CreateSilence, parse_matchers("a=b"), comment="c", ends_at=NOON + HOUR, actor=viewer)
        silence = silenced(world)
        with pytest.raises(ForbiddenError):
            world.call(ChangeSilence, silence.id, ends_at=None, actor=viewer)
        for matchers, ends_at in (("", NOON + HOUR), ("a=b", NOON)):
            with pytest.raises(InvalidValueError):
                silenced(world, matchers, ends_at=ends_at)
