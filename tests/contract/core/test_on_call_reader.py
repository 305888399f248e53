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
from domain.oncall.override import Override
from domain.shared.ids import OverrideId, ScheduleId, UserId
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
