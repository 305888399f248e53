"""More alerts of one integration than it may have open: what comes beyond them is counted in one."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application.alert.room import OpenAlertRoom
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.resolve import ResolveIncident
from domain.alert.alert import AlertStatus
from domain.alert.overflow import OVERFLOW_KEY, has_room_again
from domain.escalation.policy import WhenExhausted
from domain.incident.incident import IncidentStatus
from domain.shared.severity import Severity
from tests.support.builders import BANK_PROBES, NOON, SHOP_PROBES, a_town, an_actor, an_event
from tests.support.world import Stored, World

LIMIT = 10
SECOND = timedelta(seconds=1)


def a_world(*, limit: int = LIMIT, **of_policies: Any) -> World:
    town = a_town()
    limited = (replace(each, open_alerts=limit) if each.id == SHOP_PROBES else each for each in town.integrations)
    policies = (replace(each, **of_policies) for each in town.policies)
    return World(town=replace(town, integrations=tuple(limited), policies=tuple(policies)))


@pytest.fixture
def world() -> Iterator[World]:
    made = a_world()
    yield made
    made.close()


def of_group(world: World, group_key: str) -> Stored:
    (found,) = (each for each in world.stored() if each.incident.group_key == group_key)
    return found


def overflow_of(world: World) -> Stored:
    return of_group(world, OVERFLOW_KEY)


def storm(world: World, first: int, count: int) -> None:
    world.receive(*(an_event(f"key {number}") for number in range(first, first + count)))


def test_what_comes_beyond_the_limit_is_one_visible_alert_that_counts_it(world: World) -> None:
    storm(world, 0, LIMIT + 3)

    assert len(world.stored()) == LIMIT + 1
    overflow = overflow_of(world)
    assert overflow.incident.title == "Integration 51 has 10 alerts open: further ones are only counted here"
    assert overflow.incident.severity is Severity.SEV2
    assert [alert.occurrences for alert in overflow.alerts] == [3]


def test_further_ones_open_nothing_more_however_many_come(world: World) -> None:
    for first in range(0, 1_000, 100):
        storm(world, first, 100)
        world.advance(timedelta(milliseconds=300))

    assert len(world.stored()) == LIMIT + 1
    assert [alert.occurrences for alert in overflow_of(world).alerts] == [1_000 - LIMIT]


def test_it_pages_once_as_any_alert_does(world: World) -> None:
    storm(world, 0, LIMIT + 500)
    world.advance(SECOND)

    contacts = [(page.user_id, page.channel) for page in overflow_of(world).pages]
    assert len(contacts) == len(set(contacts)) > 0


def test_repeats_of_alerts_that_are_open_count_as_before(world: World) -> None:
    storm(world, 0, LIMIT + 1)
    storm(world, 0, LIMIT)

    of_their_own = [each for each in world.stored() if each.incident.group_key != OVERFLOW_KEY]
    assert {alert.occurrences for each in of_their_own for alert in each.alerts} == {2}
    assert [alert.occurrences for alert in overflow_of(world).alerts] == [1]


def test_another_integration_has_a_limit_of_its_own(world: World) -> None:
    storm(world, 0, LIMIT + 1)
    world.receive(*(an_event(f"bank {number}") for number in range(LIMIT + 5)), by=BANK_PROBES)

    assert len(world.stored()) == LIMIT + 1 + LIMIT + 5


def test_it_ends_once_a_tenth_of_the_room_is_free_again(world: World) -> None:
    storm(world, 0, LIMIT + 1)
    world.resolve("key 0")

    (alert,) = overflow_of(world).alerts
    assert alert.status is AlertStatus.CLEARED
    assert overflow_of(world).incident.status is IncidentStatus.RESOLVED
    world.advance(SECOND)
    world.trigger("new")
    assert [each.incident.is_open for each in world.stored() if each.incident.group_key == "new"] == [True]


def test_it_ends_when_a_person_resolves_what_took_the_room(world: World) -> None:
    world.receive(*(an_event(f"key {number}", group_key="rack") for number in range(LIMIT)), an_event("one more"))

    world.call(ResolveIncident, of_group(world, "rack").incident.id, actor=an_actor())

    assert [alert.status for alert in overflow_of(world).alerts] == [AlertStatus.CLEARED]
    incident = overflow_of(world).incident
    assert (incident.status, incident.resolved_by) == (IncidentStatus.RESOLVED, None)


def test_it_goes_on_when_what_a_person_resolves_leaves_too_little_room() -> None:
    with closing(a_world(limit=20)) as world:
        storm(world, 0, 21)

        is_open = []
        for number in range(3):
            world.call(ResolveIncident, of_group(world, f"key {number}").incident.id, actor=an_actor())
            is_open.append(overflow_of(world).incident.is_open)

        assert is_open == [True, True, False]  # it is open itself, and two places are a tenth of them


def test_it_ends_when_a_policy_resolves_what_nobody_answered() -> None:
    with closing(a_world(when_exhausted=WhenExhausted.RESOLVE)) as world:
        world.receive(*(an_event(f"key {number}", group_key="rack") for number in range(LIMIT)), an_event("one more"))
        world.call(AcknowledgeIncident, overflow_of(world).incident.id, actor=an_actor())

        world.settle()

        assert not of_group(world, "rack").incident.is_open
        assert [alert.status for alert in overflow_of(world).alerts] == [AlertStatus.CLEARED]
        assert not overflow_of(world).incident.is_open


def test_the_end_of_a_condition_that_was_only_counted_means_nothing(world: World) -> None:
    storm(world, 0, LIMIT + 1)
    world.resolve(f"key {LIMIT}")

    assert overflow_of(world).incident.is_open


@pytest.mark.parametrize(
    ("open_alerts", "limit", "has"), [(9, 10, True), (10, 10, False), (91, 100, False), (0, 1, True)]
)
def test_room_is_a_tenth_of_the_limit_and_one_at_least(open_alerts: int, limit: int, has: bool) -> None:
    assert has_room_again(open_alerts, limit=limit) is has


class TestRoom:
    def test_it_is_counted_first_and_again_when_a_tenth_of_it_is_used(self) -> None:
        room = OpenAlertRoom()
        assert room.must_be_counted(SHOP_PROBES, 1, at=NOON)
        room.counted(SHOP_PROBES, 100, at=NOON)
        for _ in range(10):
            assert not room.must_be_counted(SHOP_PROBES, 1, at=NOON)
            assert room.take(SHOP_PROBES)
        assert room.must_be_counted(SHOP_PROBES, 1, at=NOON)

    def test_a_count_holds_for_a_minute_since_others_open_alerts_too(self) -> None:
        room = OpenAlertRoom()
        room.counted(SHOP_PROBES, 100, at=NOON)
        assert not room.must_be_counted(SHOP_PROBES, 1, at=NOON + 59 * SECOND)
        assert room.must_be_counted(SHOP_PROBES, 1, at=NOON + 60 * SECOND)

    def test_where_there_is_none_it_is_looked_for_again_in_a_second(self) -> None:
        room = OpenAlertRoom()
        room.counted(SHOP_PROBES, -3, at=NOON)
        assert not room.must_be_counted(SHOP_PROBES, 500, at=NOON)
        assert not room.take(SHOP_PROBES)
        assert room.must_be_counted(SHOP_PROBES, 1, at=NOON + SECOND)

    def test_a_body_of_more_than_the_room_takes_what_there_is(self) -> None:
        room = OpenAlertRoom()
        room.counted(SHOP_PROBES, 2, at=NOON)
        assert [room.take(SHOP_PROBES) for _ in range(3)] == [True, True, False]
