"""The promises of `MaintenanceRepository`, kept by every adapter of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.ending import EndingQuery, EndKey
from domain.routing.maintenance import FOREVER, MaintenanceWindow
from domain.routing.matcher import parse_matchers
from domain.routing.recurrence import parse_recurrence
from domain.shared.ids import MaintenanceId
from tests.support.builders import BANK, CREW, MINUTE, NOON, SHOP
from tests.support.routing import a_maintenance
from tests.support.world import Ports

HOUR = timedelta(hours=1)
WHOLE = a_maintenance(
    recurrence=parse_recurrence("FREQ=MONTHLY;INTERVAL=2;BYDAY=4MO,-1FR;UNTIL=20271231"),
    service_ids=(SHOP, BANK),
    matchers=parse_matchers('app=~"a|b"'),
    burns_error_budget=True,
)


async def saved(ports: Ports, *windows: MaintenanceWindow) -> None:
    async with ports.transaction:
        for window in windows:
            await ports.maintenance.save(window)


async def listed(ports: Ports, **query: Any) -> list[int]:
    page = await ports.maintenance.list(EndingQuery(**{"since": NOON, **query}))
    return [window.id.int - 80_000 for window in page.items]


@pytest.mark.parametrize("window", [WHOLE, a_maintenance()])
async def test_a_window_is_read_as_it_was_saved_and_is_another_revision(
    ports: Ports, window: MaintenanceWindow
) -> None:
    before = await ports.rulebook_source.revision()
    await saved(ports, window)
    assert await ports.maintenance.look_up(window.id) == replace(window, version=1)
    assert await ports.rulebook_source.revision() != before
    async with ports.transaction:
        ended = (await ports.maintenance.get(window.id)).end(at=NOON + MINUTE)
        assert await ports.maintenance.save(ended) == replace(window, ended_at=NOON + MINUTE, version=2)
    assert (await ports.maintenance.look_up(window.id)).over_at == NOON + MINUTE


async def test_one_that_was_saved_since_it_was_read_is_a_conflict(ports: Ports) -> None:
    await saved(ports, WHOLE)
    for version in (0, 2):
        with pytest.raises(ConflictError):
            await saved(ports, replace(WHOLE, version=version))
    with pytest.raises(NotFoundError):
        await ports.maintenance.look_up(MaintenanceId(UUID(int=1)))


async def test_those_that_are_not_over_are_listed_by_their_end_and_counted(ports: Ports) -> None:
    await saved(
        ports,
        a_maintenance(number=1, recurrence=parse_recurrence("FREQ=DAILY")),
        a_maintenance(number=2),
        a_maintenance(number=3, duration=2 * HOUR, ended_at=NOON),
        a_maintenance(number=4),
    )
    assert await listed(ports) == [2, 4, 1]
    assert await listed(ports, team_id=CREW, limit=2) == [2, 4]
    assert await listed(ports, after=EndKey(NOON + HOUR, UUID(int=80_002))) == [4, 1]
    assert await listed(ports, after=EndKey(FOREVER, UUID(int=80_001))) == []
    assert await ports.maintenance.count(at=NOON) == 3
    assert [each.id.int for each in await ports.rulebook_source.maintenance(at=NOON)] == [80_001, 80_002, 80_004]
