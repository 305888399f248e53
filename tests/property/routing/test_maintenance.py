"""What planned maintenance does to pages."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from application.errors import ForbiddenError
from application.maintenance.create import CreateMaintenance
from application.maintenance.end import EndMaintenance
from domain.identity.role import Role
from domain.incident.mute import MuteKind
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.matcher import parse_matchers
from domain.routing.recurrence import parse_recurrence
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from tests.property.routing.test_routes import is_what_its_events_say, the
from tests.property.routing.test_silences import first_page
from tests.support.builders import ADA, BANK, BANK_PROBES, CREW, MINUTE, NOON, SHOP, a_town, an_actor
from tests.support.laws import Lab
from tests.support.world import World

HOUR = timedelta(hours=1)
MANAGER = an_actor(ADA, Role.MANAGER, team_ids=frozenset({CREW}))


def planned(world: World, **more: Any) -> MaintenanceWindow:
    """From noon in UTC on, for an hour."""
    values: dict[str, Any] = {
        "team_id": CREW,
        "name": "move",
        "time_zone": "Europe/Berlin",
        "starts_at": datetime(2026, 11, 23, 13),  # noqa: DTZ001  # a local time has no zone
        "duration": HOUR,
        "burns_error_budget": False,
        "actor": MANAGER,
        **more,
    }
    return world.call(CreateMaintenance, **values)


def test_what_fires_meanwhile_pages_at_the_end_if_it_lasts(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        window = planned(world, service_ids=(SHOP,))
        world.trigger()
        world.trigger("other", by=BANK_PROBES)
        world.advance(59 * MINUTE)

        shop, bank = world.stored()
        assert shop.summary.muted is not None
        assert (shop.summary.muted.kind, shop.summary.muted.by) == (MuteKind.MAINTENANCE, str(window.id))
        assert (shop.pages, bank.summary.muted) == ((), None)
        assert len(bank.pages) > 0
        assert world.count_stalled() == 0
        world.advance(MINUTE)
        assert len(world.stored()[0].pages) > 0
        assert all(map(is_what_its_events_say, world.stored()))


def test_one_that_comes_back_mutes_again_and_follows_on_without_a_page(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        planned(world, recurrence=parse_recurrence("FREQ=DAILY;UNTIL=20261124"), duration=24 * HOUR)
        world.trigger()
        world.settle()
        assert first_page(world) == NOON + 48 * HOUR


def test_only_alerts_that_the_matchers_hold_for_are_muted(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        planned(world, matchers=parse_matchers('env="test"'))
        world.trigger("one", labels={"env": "test"})
        world.trigger("two", labels={"env": "prod"})
        world.work()
        assert [stored.summary.muted is not None for stored in world.stored()] == [True, False]


def test_maintenance_that_is_ended_pages_for_what_still_fires(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        window = planned(world)
        world.trigger()
        world.advance(5 * MINUTE)
        world.call(EndMaintenance, window.id, actor=MANAGER)
        world.settle()
        assert first_page(world) == NOON + 5 * MINUTE
        assert is_what_its_events_say(the(world))


def test_only_who_configures_the_team_plans_and_ends(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        window = planned(world)
        responder = an_actor(ADA, Role.RESPONDER, team_ids=frozenset({CREW}))
        with pytest.raises(ForbiddenError):
            planned(world, actor=responder)
        with pytest.raises(ForbiddenError):
            world.call(EndMaintenance, window.id, actor=responder)
        nowhere = ServiceId(CREW)
        wrong: list[dict[str, Any]] = [
            {"service_ids": (BANK, nowhere)},
            {"matchers": parse_matchers('a=~"("')},
            {"starts_at": datetime(2026, 11, 23, 12)},  # noqa: DTZ001
        ]
        for each in wrong:
            with pytest.raises(InvalidValueError):
                planned(world, **each)
