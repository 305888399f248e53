"""What `ScheduleHistory` promises, and `ScheduleRepository` and `Directory` of a schedule that changes later."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.errors import ConflictError
from application.ports.page import PageRequest
from application.ports.schedule_history import NewestVersionsFirst
from domain.oncall.history import Timeline, as_known
from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval
from tests.contract.config.building import new_id
from tests.contract.config.conftest import EDGE, NewStore, Store
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, a_schedule, a_shadow, a_temporary, an_override, utc

DAY = timedelta(days=1)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (utc(f"2026-01-0{day} 00:00") for day in (5, 6, 7, 8))
WEEK = Interval(start=MONDAY, end=MONDAY + 7 * DAY)
STANDS_IN = an_override(1, DEE, "2026-01-07 00:00", "2026-01-09 00:00")


def always(user_id: UserId) -> Layer:
    return a_layer(user_id, starts="2026-01-01 00:00")


async def made(store: Store, name: str = "Core", *, at: datetime = MONDAY) -> Schedule:
    """ANN, for good."""
    schedule = replace(a_schedule(always(ANN), zone="UTC"), id=ScheduleId(new_id()), name=name)
    async with store.transaction:
        return await store.schedules.save(schedule, at=at)


async def changed(
    store: Store, schedule: Schedule, user_id: UserId, *, at: datetime, effective_at: datetime | None = None
) -> Schedule:
    """The user, for good."""
    async with store.transaction:
        return await store.schedules.save(
            replace(schedule, layers=(always(user_id),)), at=at, effective_at=effective_at
        )


async def added(store: Store, schedule: Schedule, override: Override, *, at: datetime) -> None:
    async with store.transaction:
        await store.schedules.add_override(schedule.id, override, at=at)


async def known(
    store: Store, schedule: Schedule, known_at: datetime | None = None, *, interval: Interval = WEEK
) -> Timeline:
    found = await store.history.of([schedule.id], interval, known_at=known_at)
    return as_known(found[schedule.id].history, known_at)


def days(timeline: Timeline) -> list[tuple[UserId, ...]]:
    """Who is on call on the days of the week, at midnight."""
    return [timeline.on_call(MONDAY + number * DAY) for number in range(7)]


async def test_a_schedule_holds_from_when_it_was_made_on(new_store: NewStore) -> None:
    schedule = await made(new_store(), at=TUESDAY)
    store = new_store()
    assert days(await known(store, schedule)) == [(), *[(ANN,)] * 6]
    assert days(await known(store, schedule, TUESDAY)) == [(), *[(ANN,)] * 6]
    assert (await known(store, schedule, TUESDAY - timedelta.resolution)).phases == ()
    nothing = await store.history.of([ScheduleId(new_id()), schedule.id], WEEK)
    assert [(each.id, each.name) for each in nothing.values()] == [(schedule.id, "Core")]
    assert await store.history.of([], WEEK) == {}


async def test_an_edit_changes_what_is_from_then_on_and_nothing_before(store: Store) -> None:
    schedule = await changed(store, await made(store), BOB, at=WEDNESDAY)
    assert days(await known(store, schedule)) == [*[(ANN,)] * 2, *[(BOB,)] * 5]
    assert days(await known(store, schedule, TUESDAY)) == [(ANN,)] * 7


async def test_a_planned_edit_is_in_force_from_its_effective_time_on(store: Store) -> None:
    schedule = await changed(store, await made(store), BOB, at=TUESDAY, effective_at=THURSDAY)
    assert days(await known(store, schedule)) == [*[(ANN,)] * 3, *[(BOB,)] * 4]
    for since, user_id in ((TUESDAY, ANN), (THURSDAY - timedelta.resolution, ANN), (THURSDAY, BOB)):
        layers = (always(user_id),)
        assert (await store.schedules.look_up(schedule.id, since=since)).layers == layers
        assert (await store.schedules.look_up_many([schedule.id], since=since))[0].layers == layers
        assert (await store.schedules.list(PageRequest(), since=since)).items[0].layers == layers
        assert (await store.directory.schedules([schedule.id], at=since))[schedule.id].layers == layers
        async with store.transaction:
            held = await store.schedules.get(schedule.id, since=since)
        assert (held.layers, held.version) == (layers, 2)


async def test_a_later_edit_takes_the_place_of_those_planned_beyond_it(store: Store) -> None:
    first = await changed(store, await made(store), BOB, at=MONDAY, effective_at=THURSDAY)
    second = await changed(store, first, CYD, at=TUESDAY, effective_at=WEDNESDAY)
    assert days(await known(store, second)) == [*[(ANN,)] * 2, *[(CYD,)] * 5]
    assert days(await known(store, second, MONDAY)) == [*[(ANN,)] * 3, *[(BOB,)] * 4]
    third = await changed(store, second, DEE, at=TUESDAY, effective_at=WEDNESDAY)
    for since, user_id in ((TUESDAY, ANN), (WEDNESDAY, DEE), (THURSDAY, DEE)):
        assert (await store.schedules.look_up(third.id, since=since)).layers == (always(user_id),)
    assert days(await known(store, third)) == [*[(ANN,)] * 2, *[(DEE,)] * 5]


async def test_a_part_of_a_plan_stays_in_force_until_a_later_part(store: Store) -> None:
    schedule = await made(store)
    for user_id, effective_at in ((BOB, TUESDAY), (CYD, THURSDAY)):
        schedule = await changed(store, schedule, user_id, at=MONDAY, effective_at=effective_at)
    assert (await store.schedules.look_up(schedule.id, since=WEDNESDAY)).layers == (always(BOB),)
    for start in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY):
        timeline = await known(store, schedule, interval=Interval(start=start, end=start + DAY))
        assert timeline.on_call(start) == {MONDAY: (ANN,), TUESDAY: (BOB,), WEDNESDAY: (BOB,), THURSDAY: (CYD,)}[start]


async def test_a_rename_leaves_what_is_planned(store: Store) -> None:
    planned = await changed(store, await made(store), BOB, at=TUESDAY, effective_at=THURSDAY)
    async with store.transaction:
        read = await store.schedules.get(planned.id, since=TUESDAY)
        renamed = await store.schedules.rename(replace(read, name="Edge", team_id=EDGE))
    assert renamed == replace(read, name="Edge", team_id=EDGE, version=3)
    assert await store.schedules.look_up(planned.id, since=TUESDAY) == renamed
    assert await store.schedules.look_up(planned.id, since=THURSDAY) == replace(renamed, layers=(always(BOB),))
    assert days(await known(store, planned)) == [*[(ANN,)] * 3, *[(BOB,)] * 4]
    assert (await store.history.of([planned.id], WEEK))[planned.id].name == "Edge"
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.schedules.rename(replace(read, name="Late"))
    await made(store, "Core")
    with pytest.raises(ConflictError, match="Core"):
        async with store.transaction:
            await store.schedules.rename(replace(renamed, name="Core"))


async def test_nothing_takes_effect_before_it_is_known(store: Store) -> None:
    schedule = await made(store)
    with pytest.raises(InvalidValueError):
        await changed(store, schedule, BOB, at=TUESDAY, effective_at=MONDAY)
    assert await store.schedules.look_up(schedule.id, since=TUESDAY) == schedule


async def test_an_override_is_known_from_when_it_was_made(store: Store) -> None:
    schedule = await made(store)
    await added(store, schedule, STANDS_IN, at=TUESDAY)
    with_it = [*[(ANN,)] * 2, *[(DEE,)] * 2, *[(ANN,)] * 3]
    assert days(await known(store, schedule)) == with_it
    assert days(await known(store, schedule, TUESDAY)) == with_it
    assert days(await known(store, schedule, TUESDAY - timedelta.resolution)) == [(ANN,)] * 7


async def test_an_override_that_is_removed_is_known_until_then(store: Store) -> None:
    schedule = await made(store)
    await added(store, schedule, STANDS_IN, at=MONDAY)
    async with store.transaction:
        await store.schedules.remove_override(schedule.id, STANDS_IN.id, at=TUESDAY)
    assert days(await known(store, schedule)) == [(ANN,)] * 7
    assert days(await known(store, schedule, TUESDAY)) == [(ANN,)] * 7
    before = TUESDAY - timedelta.resolution
    assert days(await known(store, schedule, before)) == [*[(ANN,)] * 2, *[(DEE,)] * 2, *[(ANN,)] * 3]
    assert (await known(store, schedule, before)).phases[0].schedule.overrides == (STANDS_IN,)


async def test_an_override_that_is_ended_early_had_another_end_until_then(store: Store) -> None:
    schedule = await made(store)
    await added(store, schedule, STANDS_IN, at=MONDAY)
    async with store.transaction:
        await store.schedules.end_override(schedule.id, STANDS_IN.id, at=THURSDAY)
    assert days(await known(store, schedule)) == [*[(ANN,)] * 2, (DEE,), *[(ANN,)] * 4]
    assert days(await known(store, schedule, THURSDAY)) == [*[(ANN,)] * 2, (DEE,), *[(ANN,)] * 4]
    assert days(await known(store, schedule, WEDNESDAY)) == [*[(ANN,)] * 2, *[(DEE,)] * 2, *[(ANN,)] * 3]


async def test_an_override_that_is_removed_in_the_instant_it_was_made_was_never_known(store: Store) -> None:
    schedule = await made(store)
    await added(store, schedule, STANDS_IN, at=TUESDAY)
    async with store.transaction:
        await store.schedules.remove_override(schedule.id, STANDS_IN.id, at=TUESDAY)
    for known_at in (MONDAY, TUESDAY, WEDNESDAY, None):
        assert days(await known(store, schedule, known_at)) == [(ANN,)] * 7


async def test_what_does_not_bear_on_the_interval_or_was_not_known_is_left_out(store: Store) -> None:
    schedule = await made(store)
    for user_id, at, effective_at in ((BOB, MONDAY, THURSDAY), (CYD, MONDAY, TUESDAY), (DEE, TUESDAY, WEDNESDAY)):
        schedule = await changed(store, schedule, user_id, at=at, effective_at=effective_at)
    over, coming, gone = (
        an_override(number, EVE, f"2026-01-{starts} 00:00", f"2026-01-{starts} 12:00", replaces=DEE)
        for number, starts in enumerate(("05", "07", "08"), start=1)
    )
    for override in (over, coming, gone):
        await added(store, schedule, override, at=MONDAY)
    async with store.transaction:
        await store.schedules.remove_override(schedule.id, gone.id, at=TUESDAY)

    async def bearing(start: datetime, end: datetime, known_at: datetime | None) -> tuple[list[int], set[Override]]:
        found = await store.history.of([schedule.id], Interval(start=start, end=end), known_at=known_at)
        history = found[schedule.id].history
        return sorted(each.number for each in history.versions), {each.part for each in history.overrides}

    week_end = WEEK.end
    assert await bearing(MONDAY, week_end, None) == ([1, 3, 4], {over, coming})
    assert await bearing(MONDAY, week_end, TUESDAY) == ([1, 3, 4], {over, coming})
    assert await bearing(MONDAY, week_end, MONDAY) == ([1, 3], {over, coming, gone})
    assert await bearing(MONDAY, TUESDAY, None) == ([1], {over})
    assert await bearing(TUESDAY, WEDNESDAY, None) == ([3], set())
    assert await bearing(WEDNESDAY, THURSDAY, None) == ([4], {coming})
    assert await bearing(THURSDAY, week_end, MONDAY) == ([3], {gone})
    assert await bearing(MONDAY - DAY, MONDAY, None) == ([], set())


async def test_parts_of_every_kind_are_known_as_they_were_made_and_until_they_were_taken_back(store: Store) -> None:
    schedule = await made(store)
    fixed = a_temporary(1, "2026-01-07 00:00", "2026-01-09 00:00", (EVE, "2026-01-07 00:00", "2026-01-08 00:00"))
    fixed = replace(fixed, is_layer=True)
    learners = (
        a_shadow(1, CYD, "2026-01-05 00:00", "2026-01-09 00:00", follows=ANN),
        a_shadow(2, DEE, "2026-01-05 00:00", "2026-01-09 00:00", layer=0),
    )
    stand_ins = (
        an_override(1, BOB, "2026-01-10 00:00", "2026-01-11 00:00", replaces=ANN),
        an_override(2, CYD, "2026-01-10 00:00", "2026-01-11 00:00", kind=OverrideKind.ADD),
        an_override(3, ANN, "2026-01-11 00:00", "2026-01-12 00:00", kind=OverrideKind.REMOVE),
    )
    async with store.transaction:
        await store.schedules.add_temporary(schedule.id, fixed, at=MONDAY)
        for shadow in learners:
            await store.schedules.add_shadow(schedule.id, shadow, at=MONDAY)
        for override in stand_ins:
            await store.schedules.add_override(schedule.id, override, at=MONDAY)
    for known_at in (None, TUESDAY):
        (phase,) = (await known(store, schedule, known_at)).phases
        assert phase.schedule == replace(schedule, temporaries=(fixed,), shadows=learners, overrides=stand_ins)
    async with store.transaction:
        await store.schedules.remove_temporary(schedule.id, fixed.id, at=TUESDAY)
        await store.schedules.end_shadow(schedule.id, learners[0].id, at=TUESDAY)
        await store.schedules.remove_override(schedule.id, stand_ins[0].id, at=TUESDAY)
    (then,) = (await known(store, schedule, MONDAY)).phases
    assert then.schedule == replace(schedule, temporaries=(fixed,), shadows=learners, overrides=stand_ins)
    for known_at in (None, TUESDAY):
        (now,) = (await known(store, schedule, known_at)).phases
        shortened = replace(learners[0], ends_at=TUESDAY)
        assert now.schedule == replace(schedule, shadows=(shortened, learners[1]), overrides=stand_ins[1:])


async def test_a_page_of_what_is_known_is_by_name_of_one_team_or_of_all(store: Store) -> None:
    core, edge, other = [await made(store, name) for name in ("Core", "Edge", "another")]
    async with store.transaction:
        await store.schedules.rename(replace(edge, team_id=EDGE))
    await changed(store, core, BOB, at=TUESDAY)
    await added(store, other, STANDS_IN, at=MONDAY)
    every = await store.history.page(PageRequest(), WEEK)
    by_id = await store.history.of([core.id, edge.id, other.id], WEEK)
    assert [each.name for each in every.items] == sorted(("Core", "Edge", "another"))
    assert {each.id: as_known(each.history) for each in every.items} == {
        key: as_known(each.history) for key, each in by_id.items()
    }
    first = await store.history.page(PageRequest(limit=1), WEEK)
    assert ([each.name for each in first.items], first.has_more) == (["Core"], True)
    rest = await store.history.page(PageRequest(limit=2, after=("Core", core.id)), WEEK)
    assert ([each.name for each in rest.items], rest.has_more) == (["Edge", "another"], False)
    of_edge = await store.history.page(PageRequest(), WEEK, team_id=EDGE)
    assert [each.name for each in of_edge.items] == ["Edge"]


async def test_what_a_transaction_undoes_was_never_known(store: Store) -> None:
    schedule = await made(store)

    async def change_twice() -> None:
        async with store.transaction:
            saved = await store.schedules.save(replace(schedule, layers=()), at=TUESDAY)
            await store.schedules.add_override(saved.id, STANDS_IN, at=TUESDAY)
            await store.schedules.save(schedule, at=TUESDAY)  # which was saved since it was read

    with pytest.raises(ConflictError):
        await change_twice()
    assert days(await known(store, schedule)) == [(ANN,)] * 7


async def test_two_schedules_have_histories_of_their_own(store: Store) -> None:
    one, other = await made(store, "one"), await made(store, "other")
    await changed(store, other, BOB, at=TUESDAY)
    await added(store, one, STANDS_IN, at=MONDAY)
    found = await store.history.of([one.id, other.id], WEEK, known_at=WEDNESDAY)
    assert days(as_known(found[one.id].history, WEDNESDAY)) == [*[(ANN,)] * 2, *[(DEE,)] * 2, *[(ANN,)] * 3]
    assert days(as_known(found[other.id].history, WEDNESDAY)) == [(ANN,), *[(BOB,)] * 6]


async def test_versions_are_listed_as_they_were_saved_the_last_one_first(store: Store) -> None:
    schedule = await made(store)
    schedule = await changed(store, schedule, BOB, at=TUESDAY, effective_at=THURSDAY)
    async with store.transaction:
        schedule = await store.schedules.rename(replace(schedule, name="Edge"))
    schedule = await changed(store, schedule, CYD, at=WEDNESDAY)
    await made(store, "another")
    versions = (await store.history.versions(schedule.id, NewestVersionsFirst())).items
    assert [(each.number, each.known_at, each.effective_at) for each in versions] == [
        (4, WEDNESDAY, WEDNESDAY),
        (2, TUESDAY, THURSDAY),
        (1, MONDAY, MONDAY),
    ]
    assert [each.schedule.layers for each in versions] == [(always(user_id),) for user_id in (CYD, BOB, ANN)]
    assert [each.schedule.name for each in versions] == ["Edge", "Core", "Core"]
    page = await store.history.versions(schedule.id, NewestVersionsFirst(limit=2))
    assert (page.items, page.has_more) == (versions[:2], True)
    rest = await store.history.versions(schedule.id, NewestVersionsFirst(limit=2, before=2))
    assert (rest.items, rest.has_more) == (versions[2:], False)
    assert (await store.history.versions(ScheduleId(new_id()), NewestVersionsFirst())).items == ()


def test_a_page_of_versions_has_a_limit() -> None:
    for limit in (0, 201):
        with pytest.raises(InvalidValueError) as refused:
            NewestVersionsFirst(limit=limit)
        assert refused.value.field == "limit"
