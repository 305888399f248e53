"""What rules say of events for which their integration has no room."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from application.alert.verdict import VerdictOutcome
from domain.alert.alert_event import AlertEvent
from domain.alert.overflow import OVERFLOW_KEY
from domain.incident.mute import MuteKind
from domain.routing.matcher import parse_matchers
from domain.service.integration import WhenSilent
from domain.shared.severity import Severity
from tests.property.routing.test_explanations import explained, taken
from tests.property.routing.test_inhibitions import DOWN, inhibited, of
from tests.property.routing.test_maintenance import planned
from tests.property.routing.test_rehearsals import taken as taken_now
from tests.property.routing.test_rehearsals import tried
from tests.property.routing.test_routes import is_what_its_events_say, ruled
from tests.property.routing.test_silences import HOUR, TEST, silenced
from tests.support.builders import BANK, BANK_PROBES, MINUTE, NOON, SHOP, SHOP_PROBES, Town, a_town, an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import Stored, World

LIMIT = 2


def narrow() -> Town:
    """Where the shop's probes may have few alerts open."""
    town = a_town()
    limited = (replace(each, open_alerts=LIMIT) if each.id == SHOP_PROBES else each for each in town.integrations)
    return replace(town, integrations=tuple(limited))


def many(count: int = LIMIT + 2, *, first: int = 0, **more: object) -> Sequence[AlertEvent]:
    return [an_event(f"key {number}", **more) for number in range(first, first + count)]  # type: ignore[arg-type]


def overflow_of(world: World) -> Stored:
    (found,) = (each for each in world.stored() if each.incident.group_key == OVERFLOW_KEY)
    return found


def test_what_counts_the_others_is_muted_while_all_of_them_are_and_pages_when_that_ends(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        silence = silenced(world)
        world.receive(*many(labels=TEST))
        world.advance(30 * MINUTE)

        muted = overflow_of(world)
        assert muted.summary.muted is not None
        assert (muted.summary.muted.kind, muted.summary.muted.by) == (MuteKind.SILENCED, str(silence.id))
        assert world.pages == ()
        assert world.count_stalled() == 0

        world.advance_to(NOON + HOUR + MINUTE)
        assert overflow_of(world).pages != ()
        assert is_what_its_events_say(overflow_of(world))


def test_at_the_end_of_its_mute_rules_are_not_asked_about_what_counts_the_others(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        silenced(world)
        inhibited(world, target=parse_matchers('severity="error"'), equal=())
        world.receive(*many(labels=TEST))
        world.receive(an_event("host", labels=DOWN), by=BANK_PROBES)
        ruled(world, a_rule("quiet", 'severity="error"', is_suppressed=True))

        world.advance_to(NOON + HOUR + MINUTE)
        assert overflow_of(world).pages != ()


def test_maintenance_of_its_service_keeps_what_counts_the_others_muted(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        silenced(world)
        world.receive(*many(labels=TEST))
        planned(world, duration=3 * HOUR)

        world.advance_to(NOON + HOUR + MINUTE)
        muted = overflow_of(world).incident.muted
        assert muted is not None
        assert muted.kind is MuteKind.MAINTENANCE


def test_one_event_beyond_the_limit_that_nothing_mutes_makes_it_page(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        silenced(world)
        world.receive(*many(labels=TEST))
        world.receive(an_event("loud"))
        world.advance(timedelta(seconds=1))

        assert overflow_of(world).incident.muted is None
        assert overflow_of(world).pages != ()
        assert all(each.pages == () for each in world.stored() if each.incident.group_key != OVERFLOW_KEY)
        assert is_what_its_events_say(overflow_of(world))


def test_it_goes_where_the_integration_leads_whatever_rules_say_of_the_others(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        ruled(world, a_rule("bank", service_id=BANK, severity=Severity.SEV4))
        world.receive(*many())

        assert {each.incident.service_id for each in world.stored()} == {BANK, SHOP}
        assert overflow_of(world).incident.service_id == SHOP
        assert overflow_of(world).incident.severity is Severity.SEV2


def test_what_a_rule_drops_takes_no_room(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
        world.receive(*many(labels=TEST))
        world.receive(*many(LIMIT, first=100))

        assert len(world.stored()) == LIMIT


def test_it_is_neither_muted_by_another_alert_nor_mutes_one(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        error, victim = parse_matchers('severity="error"'), {"alertname": "Victim"}
        inhibited(world, target=error, equal=())
        inhibited(world, name="reverse", source=error, target=parse_matchers('alertname="Victim"'), equal=())
        world.receive(an_event("host", labels=DOWN), *many())
        world.receive(an_event("victim", labels=victim), by=BANK_PROBES)

        assert overflow_of(world).incident.muted is None
        assert of(world, "victim").incident.muted is None


def test_what_is_only_counted_is_explained_with_the_alert_that_counts_it(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        silence = silenced(world)
        first = explained(world, taken(world, *many(LIMIT + 1, labels=TEST))).stored.raw.verdicts
        (second,) = explained(world, taken(world, an_event("later"), number=2)).stored.raw.verdicts

        assert [each.outcome for each in first] == [VerdictOutcome.OPENED] * LIMIT + [VerdictOutcome.OVERFLOWED]
        (counting,) = overflow_of(world).alerts
        for verdict in (first[-1], second):
            assert (verdict.alert_id, verdict.incident_id) == (counting.id, counting.incident_id)
        assert first[-1].muted is not None
        assert first[-1].muted.by == str(silence.id)
        assert (second.outcome, second.muted) == (VerdictOutcome.OVERFLOWED, None)


def test_what_is_only_counted_is_tried_by_its_own_labels(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        for number, event in enumerate(many(labels=TEST)):
            taken_now(world, event, number=number)

        assert tried(world, a_rule("noise", 'env="test"', is_dropped=True)).after.dropped == LIMIT + 2


@pytest.mark.parametrize("is_by_rule", [True, False])
def test_what_counts_the_others_ends_when_alerts_that_are_not_repeated_make_room(lab: Lab, *, is_by_rule: bool) -> None:
    town = narrow()
    if not is_by_rule:
        ending = tuple(replace(each, when_silent=WhenSilent.RESOLVE) for each in town.integrations)
        town = replace(town, integrations=ending)
    with lab.world(town) as world:
        if is_by_rule:
            ruled(world, a_rule("brief", resolve_after=5 * MINUTE))
        world.receive(*many(expires_at=None if is_by_rule else NOON + 5 * MINUTE))
        world.advance(4 * MINUTE)
        assert overflow_of(world).incident.is_open

        world.advance(2 * MINUTE)
        assert [each.incident.is_open for each in world.stored()] == [False] * (LIMIT + 1)
        assert is_what_its_events_say(overflow_of(world))


def test_what_counts_the_others_stays_while_what_is_repeated_leaves_no_room(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        ruled(world, a_rule("brief", resolve_after=5 * MINUTE))
        world.receive(*many())
        for _ in range(4):
            world.advance(2 * MINUTE)
            world.receive(*many(LIMIT))
        assert overflow_of(world).incident.is_open
