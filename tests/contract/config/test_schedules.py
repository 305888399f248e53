"""What `ScheduleRepository` promises."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.oncall.override import Override, OverrideKind
from domain.oncall.schedule import Schedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TemporaryScheduleId, UserId
from tests.contract.config.building import new_id
from tests.contract.config.conftest import EDGE, NewStore, Store
from tests.support.oncall import (
    ANN,
    BOB,
    CYD,
    DEE,
    a_layer,
    a_schedule,
    a_shadow,
    a_temporary,
    an_override,
    every_day,
    utc,
)

NOON = utc("2026-11-23 12:00")
LONG_AGO = utc("2020-01-01 00:00")
MADE = utc("2026-01-01 00:00")
LAYER = a_layer(
    ANN, (BOB, CYD), starts="2026-01-01 08:00", restrictions=every_day("08:00", "18:00"), until="2027-01-01 00:00"
)


async def stored_schedule(store: Store, name: str = "Core", *overrides: Override) -> Schedule:
    schedule = replace(a_schedule(LAYER), id=ScheduleId(new_id()), name=name)
    async with store.transaction:
        await store.schedules.save(schedule, at=MADE)
        for override in overrides:
            await store.schedules.add_override(schedule.id, override, at=MADE)
    return await store.schedules.look_up(schedule.id, since=LONG_AGO)


async def overrides_of(store: Store, schedule: Schedule, since: datetime = LONG_AGO) -> tuple[Override, ...]:
    return (await store.schedules.look_up(schedule.id, since=since)).overrides


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    override = an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00", replaces=ANN)
    stored = await stored_schedule(new_store(), "Core", override)
    assert (stored.version, stored.layers, stored.overrides) == (1, (LAYER,), (override,))
    reader = new_store()
    assert await reader.schedules.look_up(stored.id, since=NOON) == stored
    assert await reader.schedules.look_up_many([stored.id, ScheduleId(new_id())], since=NOON) == (stored,)
    assert (await reader.schedules.list(PageRequest(), since=NOON)).items == (stored,)
    async with reader.transaction:
        assert await reader.schedules.get(stored.id, since=NOON) == stored


async def test_saving_changes_everything_but_overrides(store: Store) -> None:
    override = an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00")
    stored = await stored_schedule(store, "Core", override)
    wanted = replace(stored, team_id=EDGE, name="Edge", time_zone="Asia/Tokyo", layers=(), overrides=())
    async with store.transaction:
        assert await store.schedules.save(wanted, at=MADE) == replace(wanted, version=2)
    expected = replace(wanted, version=2, overrides=(override,))
    assert await store.schedules.look_up(stored.id, since=LONG_AGO) == expected


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    schedule = await stored_schedule(store, "alpha", an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00"))
    other = await stored_schedule(store, "bravo")
    nothing, number = ScheduleId(new_id()), OverrideId(UUID(int=1))
    with pytest.raises(NotFoundError):
        await store.schedules.look_up(nothing, since=NOON)
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.schedules.get(nothing, since=NOON)
    for schedule_id, override_id in ((other.id, number), (schedule.id, OverrideId(new_id())), (nothing, number)):
        with pytest.raises(NotFoundError):
            await store.schedules.get_override(schedule_id, override_id)
        with pytest.raises(NotFoundError):
            async with store.transaction:
                await store.schedules.remove_override(schedule_id, override_id, at=NOON)
        with pytest.raises(NotFoundError):
            async with store.transaction:
                await store.schedules.end_override(schedule_id, override_id, at=NOON)
    assert await overrides_of(store, schedule) == schedule.overrides


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    read = await stored_schedule(store)
    async with store.transaction:
        first = await store.schedules.save(replace(read, time_zone="UTC"), at=MADE)
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.schedules.save(replace(read, time_zone="Asia/Tokyo"), at=MADE)
    assert await store.schedules.look_up(read.id, since=NOON) == first


async def test_a_name_is_given_once(store: Store) -> None:
    await stored_schedule(store, "Core")
    with pytest.raises(ConflictError, match="Core"):
        await stored_schedule(store, "Core")
    assert len((await store.schedules.list(PageRequest(), since=NOON)).items) == 1


async def test_overrides_are_those_that_end_after_the_instant_in_the_order_they_were_made(store: Store) -> None:
    over = an_override(1, DEE, "2026-11-23 08:00", "2026-11-23 12:00")
    late = an_override(2, DEE, "2026-11-25 08:00", "2026-11-25 12:00")
    under_way = an_override(3, DEE, "2026-11-23 11:00", "2026-11-23 12:01", replaces=BOB)
    schedule = await stored_schedule(store, "Core", under_way, over, late)
    assert schedule.overrides == (over, late, under_way)
    assert await overrides_of(store, schedule, since=NOON) == (late, under_way)
    assert (await store.schedules.list(PageRequest(), since=NOON)).items[0].overrides == (late, under_way)
    async with store.transaction:
        assert (await store.schedules.get(schedule.id, since=NOON)).overrides == (late, under_way)
    assert await store.schedules.get_override(schedule.id, over.id) == over


@pytest.mark.parametrize(
    ("replaces", "starts", "ends", "is_refused"),
    [
        (ANN, "2026-11-23 13:59", "2026-11-23 15:00", True),
        (ANN, "2026-11-23 11:00", "2026-11-23 11:01", True),
        (ANN, "2026-11-23 14:00", "2026-11-23 15:00", False),  # they touch
        (ANN, "2026-11-23 09:00", "2026-11-23 10:00", False),
        (BOB, "2026-11-23 11:00", "2026-11-23 12:00", False),
        (None, "2026-11-23 11:00", "2026-11-23 12:00", False),
    ],
)
async def test_two_overrides_for_one_user_do_not_overlap(
    store: Store, replaces: UserId | None, starts: str, ends: str, is_refused: bool
) -> None:
    first = an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00", replaces=ANN)
    schedule = await stored_schedule(store, "Core", first)
    second = an_override(2, CYD, starts, ends, replaces=replaces)
    if is_refused:
        with pytest.raises(ConflictError, match="overlaps"):
            async with store.transaction:
                await store.schedules.add_override(schedule.id, second, at=MADE)
    else:
        async with store.transaction:
            await store.schedules.add_override(schedule.id, second, at=MADE)
    assert await overrides_of(store, schedule) == ((first,) if is_refused else (first, second))


async def test_two_overrides_for_everyone_do_not_overlap_unless_of_other_schedules(store: Store) -> None:
    schedule = await stored_schedule(store, "alpha", an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00"))
    other = await stored_schedule(store, "bravo")
    again = an_override(2, CYD, "2026-11-23 13:00", "2026-11-23 15:00")
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.schedules.add_override(schedule.id, again, at=MADE)
    async with store.transaction:
        await store.schedules.add_override(other.id, again, at=MADE)
    assert await overrides_of(store, other) == (again,)


async def test_an_override_can_be_ended_or_removed_and_makes_room(store: Store) -> None:
    first = an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00")
    schedule = await stored_schedule(store, "Core", first)
    second = an_override(2, CYD, "2026-11-23 12:00", "2026-11-23 14:00")
    async with store.transaction:
        await store.schedules.end_override(schedule.id, first.id, at=NOON)
        await store.schedules.add_override(schedule.id, second, at=MADE)
    assert await overrides_of(store, schedule) == (replace(first, ends_at=NOON), second)
    async with store.transaction:
        await store.schedules.remove_override(schedule.id, second.id, at=NOON)
    assert await overrides_of(store, schedule) == (replace(first, ends_at=NOON),)


async def test_pages_are_by_name_each_with_its_own_overrides(store: Store) -> None:
    bravo = await stored_schedule(store, "bravo", an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00"))
    charlie = await stored_schedule(store, "charlie", an_override(2, CYD, "2026-11-23 10:00", "2026-11-23 14:00"))
    alpha = await stored_schedule(store, "alpha")
    first = await store.schedules.list(PageRequest(limit=2), since=NOON)
    assert (first.items, first.has_more) == ((alpha, bravo), True)
    rest = await store.schedules.list(PageRequest(limit=2, after=("bravo", bravo.id)), since=NOON)
    assert (rest.items, rest.has_more) == ((charlie,), False)
    assert not (await store.schedules.list(PageRequest(), since=NOON, team_id=EDGE)).items


@pytest.mark.parametrize(
    ("user_id", "kind", "is_refused"),
    [
        (ANN, OverrideKind.REMOVE, True),  # she is replaced already
        (BOB, OverrideKind.REMOVE, False),
        (ANN, OverrideKind.ADD, False),
        (CYD, OverrideKind.ADD, True),  # he is added already
    ],
)
async def test_an_override_does_not_take_off_or_add_whom_another_does_at_the_same_time(
    store: Store, user_id: UserId, kind: OverrideKind, is_refused: bool
) -> None:
    replacing = an_override(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00", replaces=ANN)
    adding = an_override(2, CYD, "2026-11-23 10:00", "2026-11-23 14:00", kind=OverrideKind.ADD)
    schedule = await stored_schedule(store, "Core", replacing, adding)
    third = an_override(3, user_id, "2026-11-23 13:00", "2026-11-23 15:00", kind=kind)
    if is_refused:
        with pytest.raises(ConflictError, match="overlaps"):
            async with store.transaction:
                await store.schedules.add_override(schedule.id, third, at=MADE)
    else:
        async with store.transaction:
            await store.schedules.add_override(schedule.id, third, at=MADE)
    assert await overrides_of(store, schedule) == (replacing, adding, *(() if is_refused else (third,)))


async def test_temporary_schedules_are_kept_with_their_schedule_and_do_not_overlap(new_store: NewStore) -> None:
    store = new_store()
    schedule = await stored_schedule(store)
    fair = a_temporary(1, "2026-11-23 08:00", "2026-11-23 20:00", (DEE, "2026-11-23 08:00", "2026-11-23 16:00"))
    after = a_temporary(2, "2026-11-23 20:00", "2026-11-23 21:00")
    async with store.transaction:
        await store.schedules.add_temporary(schedule.id, fair, at=MADE)
        await store.schedules.add_temporary(schedule.id, after, at=MADE)
    reader = new_store()
    assert (await reader.schedules.look_up(schedule.id, since=NOON)).temporaries == (fair, after)
    assert (await reader.schedules.look_up(schedule.id, since=fair.ends_at)).temporaries == (after,)
    assert await reader.schedules.get_temporary(schedule.id, fair.id) == fair
    with pytest.raises(ConflictError, match="overlaps"):
        async with store.transaction:
            await store.schedules.add_temporary(
                schedule.id, a_temporary(3, "2026-11-23 20:59", "2026-11-23 22:00"), at=MADE
            )


async def test_a_temporary_schedule_can_be_ended_or_removed_and_makes_room(store: Store) -> None:
    schedule = await stored_schedule(store)
    fair = a_temporary(1, "2026-11-23 08:00", "2026-11-23 20:00", (DEE, "2026-11-23 08:00", "2026-11-23 16:00"))
    ended = fair.cut(starts_at=fair.starts_at, ends_at=NOON)
    after = a_temporary(2, "2026-11-23 12:00", "2026-11-23 21:00")
    async with store.transaction:
        await store.schedules.add_temporary(schedule.id, fair, at=MADE)
        await store.schedules.end_temporary(schedule.id, fair.id, at=NOON)
        await store.schedules.add_temporary(schedule.id, after, at=MADE)
    assert (await store.schedules.look_up(schedule.id, since=LONG_AGO)).temporaries == (ended, after)
    async with store.transaction:
        await store.schedules.remove_temporary(schedule.id, after.id, at=NOON)
        assert (await store.schedules.save(replace(schedule, name="Renamed"), at=NOON)).version == 2
    assert (await store.schedules.look_up(schedule.id, since=LONG_AGO)).temporaries == (ended,)


async def test_shadows_are_kept_with_their_schedule_ended_and_removed(store: Store) -> None:
    schedule = await stored_schedule(store)
    of_ann = a_shadow(1, DEE, "2026-11-23 08:00", "2026-11-23 20:00", follows=ANN)
    of_layer = a_shadow(2, DEE, "2026-11-23 08:00", "2026-11-23 20:00", layer=0)
    async with store.transaction:
        await store.schedules.add_shadow(schedule.id, of_ann, at=MADE)
        await store.schedules.add_shadow(schedule.id, of_layer, at=MADE)
    assert (await store.schedules.look_up(schedule.id, since=NOON)).shadows == (of_ann, of_layer)
    assert await store.schedules.get_shadow(schedule.id, of_layer.id) == of_layer
    async with store.transaction:
        await store.schedules.end_shadow(schedule.id, of_ann.id, at=NOON)
        await store.schedules.remove_shadow(schedule.id, of_layer.id, at=MADE)
    assert (await store.schedules.look_up(schedule.id, since=NOON)).shadows == ()
    assert (await store.schedules.look_up(schedule.id, since=LONG_AGO)).shadows == (replace(of_ann, ends_at=NOON),)


async def test_temporary_schedules_and_shadows_that_are_not_there_are_not_found(store: Store) -> None:
    schedule = await stored_schedule(store)
    temporary = a_temporary(1, "2026-11-23 08:00", "2026-11-23 20:00")
    with pytest.raises(NotFoundError):
        await store.schedules.get_temporary(schedule.id, TemporaryScheduleId(new_id()))
    with pytest.raises(NotFoundError):
        await store.schedules.get_shadow(schedule.id, ShadowId(new_id()))
    for write in (
        store.schedules.remove_temporary(schedule.id, temporary.id, at=NOON),
        store.schedules.end_temporary(schedule.id, temporary.id, at=NOON),
        store.schedules.remove_shadow(schedule.id, ShadowId(new_id()), at=NOON),
        store.schedules.end_shadow(schedule.id, ShadowId(new_id()), at=NOON),
    ):
        with pytest.raises(NotFoundError):
            async with store.transaction:
                await write
