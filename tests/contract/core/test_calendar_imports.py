"""The promises of `CalendarImportRepository`, kept by every adapter of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from dishka import AsyncContainer

from application.errors import ConflictError, NotFoundError
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.transaction import Transaction
from domain.oncall.calendar_import import CalendarImport
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TemporaryScheduleId
from tests.support.builders import ADA, CREW, NOON, ROTA
from tests.support.world import Ports

HOUR = timedelta(hours=1)
OTHER = ScheduleId(UUID(int=777))


@pytest.fixture
async def imports(ports: Ports, container: AsyncContainer) -> AsyncIterator["Imports"]:
    """Over the town, with one more schedule."""
    async with ports.transaction:
        await ports.schedules.save(Schedule(id=OTHER, team_id=CREW, name="Other", time_zone="UTC"), at=NOON)
    async with container() as scope:
        yield Imports(await scope.get(CalendarImportRepository), await scope.get(Transaction))


class Imports:
    """The repository, with a transaction around each write."""

    def __init__(self, repository: CalendarImportRepository, transaction: Transaction) -> None:
        self.repository = repository
        self.transaction = transaction

    async def save(self, calendar: CalendarImport) -> CalendarImport:
        async with self.transaction:
            return await self.repository.save(calendar)

    async def claim(self, minutes: int, *, limit: int = 10) -> list[CalendarImport]:
        async with self.transaction:
            return list(await self.repository.claim_due(at=NOON + timedelta(minutes=minutes), limit=limit))


def an_import(schedule_id: ScheduleId = ROTA, *, due: int = 0) -> CalendarImport:
    return CalendarImport(
        schedule_id=schedule_id,
        url=f"https://calendar.example.test/{schedule_id}",
        refresh_every=timedelta(minutes=20),
        created_by=ADA,
        created_at=NOON,
        next_refresh_at=NOON + timedelta(minutes=due),
        as_layer=True,
    )


async def test_it_is_read_as_it_was_saved_last(imports: Imports) -> None:
    saved = await imports.save(an_import())
    assert saved == replace(an_import(), version=1)
    assert await imports.repository.look_up(ROTA) == saved
    temporary_id = TemporaryScheduleId(UUID(int=5))
    read = saved.refreshed(at=NOON + HOUR, etag='"1"', temporary_id=temporary_id, unread=("a: why",), unread_count=3)
    again = await imports.save(read.failed("gone", at=NOON + 2 * HOUR))
    async with imports.transaction:
        assert await imports.repository.get(ROTA) == again
    assert (again.version, again.unread, again.temporary_id) == (2, ("a: why",), temporary_id)
    for nothing in (imports.repository.look_up(OTHER), imports.repository.look_up(ScheduleId(UUID(int=9)))):
        with pytest.raises(NotFoundError):
            await nothing


async def test_a_schedule_follows_one_and_a_later_save_wins_nothing(imports: Imports) -> None:
    saved = await imports.save(an_import())
    with pytest.raises(ConflictError):
        await imports.save(an_import())
    await imports.save(saved)
    with pytest.raises(ConflictError):
        await imports.save(saved)


async def test_it_is_gone_when_it_is_removed(imports: Imports) -> None:
    saved = await imports.save(an_import())
    async with imports.transaction:
        await imports.repository.remove(ROTA)
    with pytest.raises(NotFoundError):
        await imports.repository.look_up(ROTA)
    with pytest.raises(ConflictError):
        await imports.save(saved)
    with pytest.raises(NotFoundError):
        async with imports.transaction:
            await imports.repository.remove(ROTA)
    assert (await imports.save(an_import())).version == 1


async def test_what_is_due_is_claimed_once_an_interval_the_longest_due_first(imports: Imports) -> None:
    first, second = await imports.save(an_import(due=1)), await imports.save(an_import(OTHER, due=0))
    assert await imports.claim(-1) == []
    assert [each.schedule_id for each in await imports.claim(1, limit=1)] == [OTHER]
    claimed = await imports.claim(1)
    assert claimed == [replace(first, next_refresh_at=NOON + timedelta(minutes=21))]
    assert await imports.claim(20) == []
    assert [each.schedule_id for each in await imports.claim(21)] == [ROTA, OTHER]  # due at once, so by id
    assert (await imports.repository.look_up(OTHER)).next_refresh_at == NOON + timedelta(minutes=41)
    assert (await imports.repository.look_up(OTHER)).version == second.version


async def test_two_workers_claim_each_their_own(imports: Imports, container: AsyncContainer, ports: Ports) -> None:
    await imports.save(an_import())
    assert [each.schedule_id for each in await imports.claim(0)] == [ROTA]
    async with container() as scope:
        other = Imports(await scope.get(CalendarImportRepository), await scope.get(Transaction))
        assert await other.claim(0) == []


async def test_those_that_fail_are_found_the_longest_failing_first(imports: Imports) -> None:
    assert await imports.repository.failing(limit=5) == ()
    late = await imports.save(an_import().failed("gone", at=NOON + HOUR))
    early = await imports.save(an_import(OTHER).failed("gone", at=NOON))
    assert await imports.repository.failing(limit=5) == (early, late)
    assert await imports.repository.failing(limit=1) == (early,)
    await imports.save(early.unchanged(at=NOON))
    assert await imports.repository.failing(limit=5) == (late,)
