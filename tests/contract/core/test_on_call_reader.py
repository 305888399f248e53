"""The promises of `OnCallReader`, kept by every adapter of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from dishka import AsyncContainer

from application.ports.notifier import Outcome
from application.ports.on_call_reader import OnCallReader, PageReceived
from domain.notification.notification import Purpose
from domain.oncall.override import Override, OverrideKind
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TemporaryScheduleId, UserId
from domain.shared.interval import Interval
from tests.contract.core.storing import an_attempt, an_open_incident, waiting
from tests.support.builders import ADA, BEN, CAT, DAN, MINUTE, NOON, ROTA, a_page, a_town
from tests.support.oncall import a_layer
from tests.support.world import Ports

HOUR = timedelta(hours=1)
NOBODY = UserId(UUID(int=99))
AROUND_NOON = Interval(start=NOON - HOUR, end=NOON + HOUR)


@pytest.fixture
async def reader(container: AsyncContainer) -> AsyncIterator[OnCallReader]:
    async with container() as scope:
        yield await scope.get(OnCallReader)


async def test_time_zones_are_those_of_users_that_exist(ports: Ports, reader: OnCallReader) -> None:
    async with ports.transaction:
        await ports.users.save(replace(await ports.users.get(BEN), time_zone="Asia/Tokyo"))
    assert await reader.time_zones({ADA, BEN, NOBODY}) == {ADA: "UTC", BEN: "Asia/Tokyo"}
    assert await reader.time_zones(()) == {}


async def test_pages_are_those_delivered_in_the_interval_oldest_first(ports: Ports, reader: OnCallReader) -> None:
    await an_open_incident(ports)
    pages = [a_page(number, user_id=user_id) for number, user_id in enumerate((ADA, ADA, BEN, ADA, ADA))]
    await waiting(ports, *pages)
    minutes = (60, 5, 0, -60, -61)
    delivered = [
        replace(an_attempt(page), started_at=NOON + after * MINUTE) for page, after in zip(pages, minutes, strict=True)
    ]
    async with ports.transaction:
        await ports.notifications.record_attempts(delivered)

    found = (
        PageReceived(ADA, NOON - HOUR),
        PageReceived(BEN, NOON),
        PageReceived(ADA, NOON + 5 * MINUTE),
    )
    assert await reader.pages({ADA, BEN}, AROUND_NOON, limit=10) == found
    assert await reader.pages({ADA, BEN}, AROUND_NOON, limit=2) == found[:2]
    assert await reader.pages({BEN}, AROUND_NOON, limit=10) == found[1:2]
    assert await reader.pages((), AROUND_NOON, limit=10) == ()


async def test_a_page_counts_once_however_many_attempts_it_took(ports: Ports, reader: OnCallReader) -> None:
    await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    async with ports.transaction:
        await ports.notifications.record_attempts(
            [
                an_attempt(page, number=1, outcome=Outcome.RETRY),
                an_attempt(page, number=2, outcome=Outcome.UNKNOWN),
                replace(an_attempt(page, number=3), started_at=NOON + MINUTE),
            ]
        )
    assert await reader.pages({ADA}, AROUND_NOON, limit=10) == (PageReceived(ADA, NOON + MINUTE),)


async def test_a_page_that_waited_a_week_for_its_rule_counts_when_it_came(ports: Ports, reader: OnCallReader) -> None:
    await an_open_incident(ports)
    page = a_page()
    await waiting(ports, page)
    at = page.created_at + timedelta(days=7)
    async with ports.transaction:
        await ports.notifications.record_attempts([replace(an_attempt(page), started_at=at)])
    assert await reader.pages({ADA}, Interval(start=at, end=at + MINUTE), limit=10) == (PageReceived(ADA, at),)


async def test_an_update_is_no_page(ports: Ports, reader: OnCallReader) -> None:
    await an_open_incident(ports)
    update = a_page(purpose=Purpose.UPDATE, update_of={"ts": "1"})
    await waiting(ports, update)
    async with ports.transaction:
        await ports.notifications.record_attempts([an_attempt(update)])
    assert await reader.pages({ADA}, AROUND_NOON, limit=10) == ()


async def test_schedules_of_a_person_name_them_in_a_layer_or_in_an_override(ports: Ports, reader: OnCallReader) -> None:
    rota = a_town().schedules[0]
    other = replace(
        rota,
        id=ScheduleId(UUID(int=22)),
        name="Other",
        layers=(a_layer(BEN, starts="2026-01-01 09:00"), a_layer(BEN, (DAN, ADA), starts="2026-01-01 09:00")),
    )
    override = Override(id=OverrideId(UUID(int=1)), user_id=BEN, starts_at=NOON, ends_at=NOON + HOUR, replaces=DAN)
    async with ports.transaction:
        await ports.schedules.save(other, at=NOON)
        await ports.schedules.add_override(ROTA, override, at=NOON)

    async def of(user_id: UserId, *, since: timedelta = timedelta(0), limit: int = 10) -> tuple[ScheduleId, ...]:
        return await reader.schedules_of(user_id, since=NOON + since, limit=limit)

    assert await of(ADA) == (ROTA, other.id)
    assert await of(ADA, limit=1) == (ROTA,)
    assert await of(CAT) == (ROTA,)
    assert await of(DAN) == (other.id,)
    assert await of(BEN) == (ROTA, other.id)
    assert await of(BEN, since=HOUR) == (other.id,)
    assert await of(NOBODY) == ()


async def test_schedules_of_a_person_have_a_temporary_schedule_with_a_shift_of_theirs_that_is_not_over(
    ports: Ports, reader: OnCallReader
) -> None:
    shift = FixedShift(user_id=DAN, starts_at=NOON, ends_at=NOON + HOUR)
    temporary = TemporarySchedule(
        id=TemporaryScheduleId(UUID(int=1)), starts_at=NOON, ends_at=NOON + 2 * HOUR, shifts=(shift,)
    )
    async with ports.transaction:
        await ports.schedules.add_temporary(ROTA, temporary, at=NOON)
    assert await reader.schedules_of(DAN, since=NOON, limit=10) == (ROTA,)
    assert await reader.schedules_of(DAN, since=NOON + 2 * HOUR, limit=10) == ()


async def test_who_is_only_taken_off_or_learns_is_not_put_on_call(ports: Ports, reader: OnCallReader) -> None:
    removal = Override(
        id=OverrideId(UUID(int=1)), user_id=DAN, starts_at=NOON, ends_at=NOON + HOUR, kind=OverrideKind.REMOVE
    )
    shadow = Shadow(id=ShadowId(UUID(int=1)), user_id=DAN, starts_at=NOON, ends_at=NOON + HOUR, layer=0)
    async with ports.transaction:
        await ports.schedules.add_override(ROTA, removal, at=NOON)
        await ports.schedules.add_shadow(ROTA, shadow, at=NOON)
    assert await reader.schedules_of(DAN, since=NOON, limit=10) == ()


async def test_schedules_of_a_person_are_those_of_layers_in_force_since_then_or_planned(
    ports: Ports, reader: OnCallReader
) -> None:
    rota = a_town().schedules[0]
    async with ports.transaction:
        stored = await ports.schedules.get(rota.id, since=NOON)
        without = replace(stored, layers=(a_layer(BEN, starts="2026-01-01 09:00"),))
        stored = await ports.schedules.save(without, at=NOON)
        later = replace(stored, layers=(a_layer(DAN, starts="2026-01-01 09:00"),))
        stored = await ports.schedules.save(later, at=NOON, effective_at=NOON + 2 * HOUR)
        never = replace(stored, layers=(a_layer(CAT, starts="2026-01-01 09:00"),))
        await ports.schedules.save(never, at=NOON, effective_at=NOON + 4 * HOUR)
        await ports.schedules.save(replace(later, version=4), at=NOON, effective_at=NOON + 3 * HOUR)

    async def finds(user_id: UserId, since: timedelta) -> bool:
        return await reader.schedules_of(user_id, since=NOON + since, limit=10) == (ROTA,)

    assert await finds(ADA, -HOUR)
    assert not await finds(ADA, timedelta(0))  # her layers ended then
    assert await finds(BEN, timedelta(0))
    assert await finds(BEN, HOUR)
    assert not await finds(BEN, 2 * HOUR)
    assert await finds(DAN, timedelta(0))
    assert await finds(DAN, 9 * HOUR)
    assert await finds(CAT, -HOUR)
    assert not await finds(CAT, timedelta(0))  # another change took the place of the one that was planned
