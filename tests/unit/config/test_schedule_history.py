"""An edit never changes the past, and a preview shows what it would do to the future."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.errors import ForbiddenError, NotFoundError
from application.oncall import preview_schedule
from application.oncall.list_schedule_versions import ListScheduleVersions
from application.oncall.on_call import OnCall
from application.oncall.preview_schedule import MADE_LAST, ScheduleDraft
from application.oncall.schedule_gaps import ScheduleGaps
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.who_is_on_call import WhoIsOnCall
from application.ports.page import PageRequest
from application.ports.schedule_history import NewestVersionsFirst
from domain.identity.role import Permission
from domain.oncall.difference import Difference
from domain.oncall.override import Override
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import OverrideId, ScheduleId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import SCHEDULE_VERSIONS_AHEAD
from tests.support.oncall import ANN, BOB, CYD, DEE, a_layer, a_shadow, a_temporary, utc
from tests.unit.config.world import ADMIN, CORE, NOBODY, NOON, RESPONDER, World, to_schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOMORROW = utc("2026-11-24 08:00")  # when BOB takes over
CYD_ALONE = (a_layer(CYD, starts="2026-01-01 00:00"),)
UNREADING = replace(ADMIN, scopes=frozenset({Permission.CONFIGURE}))


def stand_in(user_id: UserId, *, starts_at: datetime, ends_at: datetime, replaces: UserId | None = None) -> Override:
    return Override(id=OverrideId(MADE_LAST), user_id=user_id, starts_at=starts_at, ends_at=ends_at, replaces=replaces)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_planned_change_is_in_force_from_its_effective_time_on(world: World) -> None:
    schedule = await world.a_schedule()
    at = NOON + 2 * HOUR
    await world.update_schedule(schedule.id, team_id=CORE, name="Daily", layers=CYD_ALONE, effective_at=at, actor=ADMIN)
    ask = ScheduleOnCall(world.history, world.clock)
    assert await ask(schedule.id, actor=RESPONDER) == OnCall(
        schedule_id=schedule.id, name="Daily", user_ids=(ANN,), until=at
    )
    assert (await ask(schedule.id, at=at, actor=RESPONDER)).user_ids == (CYD,)
    everywhere = WhoIsOnCall(world.history, world.clock)
    assert (await everywhere(PageRequest(), actor=RESPONDER)).items[0].until == at
    policy = await world.a_policy(to_schedule(schedule))
    service = await world.create_service(team_id=CORE, policy_id=policy.id, name="Payments", actor=ADMIN)
    world.clock.at = at
    for instant, user_id in ((NOON, ANN), (at, CYD)):
        assert (await world.service_on_call(service.id, at=instant, actor=RESPONDER))[0].user_ids == (user_id,)
    interval = Interval(start=NOON, end=TOMORROW)
    found = await ScheduleShifts(world.history, world.clock)(schedule.id, interval, actor=RESPONDER)
    assert [(each.user_id, each.interval.start) for each in found.shifts] == [(ANN, NOON), (CYD, at)]


async def test_what_was_known_before_an_edit_is_answered_as_before(world: World) -> None:
    schedule = await world.a_schedule()
    world.clock.at = NOON + HOUR
    await world.update_schedule(schedule.id, team_id=CORE, name="Daily", layers=(), actor=ADMIN)
    before = NOON + HOUR - timedelta.resolution
    ask = ScheduleOnCall(world.history, world.clock)
    assert (await ask(schedule.id, actor=RESPONDER)).user_ids == ()
    assert (await ask(schedule.id, at=NOON, actor=RESPONDER)).user_ids == (ANN,)
    then = await ask(schedule.id, known_at=before, actor=RESPONDER)
    assert (then.user_ids, then.until) == ((ANN,), TOMORROW)
    interval = Interval(start=NOON, end=NOON + DAY)
    shifts, gaps = ScheduleShifts(world.history, world.clock), ScheduleGaps(world.history, world.clock)
    assert len((await shifts(schedule.id, interval, known_at=before, actor=RESPONDER)).shifts) == 2
    assert len((await shifts(schedule.id, interval, actor=RESPONDER)).shifts) == 1
    assert await gaps(schedule.id, interval, known_at=before, actor=RESPONDER) == ()
    assert await gaps(schedule.id, interval, actor=RESPONDER) == (Interval(start=NOON + HOUR, end=interval.end),)


async def test_what_will_be_known_is_not_answered(world: World) -> None:
    schedule = await world.a_schedule()
    late = NOON + timedelta.resolution
    hour = Interval(start=NOON, end=NOON + HOUR)
    asked = (
        ScheduleOnCall(world.history, world.clock)(schedule.id, known_at=late, actor=RESPONDER),
        ScheduleShifts(world.history, world.clock)(schedule.id, hour, known_at=late, actor=RESPONDER),
        ScheduleGaps(world.history, world.clock)(schedule.id, hour, known_at=late, actor=RESPONDER),
    )
    for answer in asked:
        with pytest.raises(InvalidValueError) as refused:
            await answer
        assert refused.value.field == "known_at"
    now = await ScheduleOnCall(world.history, world.clock)(schedule.id, known_at=NOON, actor=RESPONDER)
    assert now.user_ids == (ANN,)


async def test_a_change_cannot_take_effect_in_the_past(world: World) -> None:
    schedule = await world.a_schedule()
    for effective_at in (NOON - timedelta.resolution, NOON.replace(tzinfo=None)):
        with pytest.raises(InvalidValueError) as refused:
            await world.update_schedule(
                schedule.id, team_id=CORE, name="Daily", layers=(), effective_at=effective_at, actor=ADMIN
            )
        assert refused.value.field == "effective_at"
    assert (await world.schedules.look_up(schedule.id, since=NOON)).version == 1


async def test_a_name_changes_at_once_and_leaves_what_is_planned(world: World) -> None:
    schedule = await world.a_schedule()
    await world.update_schedule(
        schedule.id, team_id=CORE, name="Daily", layers=CYD_ALONE, effective_at=TOMORROW, actor=ADMIN
    )
    renamed = await world.update_schedule(schedule.id, team_id=CORE, name="Renamed", actor=ADMIN)
    assert (renamed.name, renamed.layers) == ("Renamed", schedule.layers)
    assert (await world.schedules.look_up(schedule.id, since=TOMORROW)).layers == CYD_ALONE
    with pytest.raises(InvalidValueError) as refused:
        await world.update_schedule(schedule.id, team_id=CORE, name="Later", effective_at=TOMORROW, actor=ADMIN)
    assert refused.value.field == "effective_at"


async def test_of_a_planned_change_what_is_not_given_is_as_it_will_be_then(world: World) -> None:
    schedule = await world.a_schedule()
    await world.update_schedule(
        schedule.id, team_id=CORE, name="Daily", layers=CYD_ALONE, effective_at=TOMORROW, actor=ADMIN
    )
    later = await world.update_schedule(
        schedule.id, team_id=CORE, name="Daily", time_zone="UTC", effective_at=TOMORROW + DAY, actor=ADMIN
    )
    assert (later.layers, later.time_zone) == (CYD_ALONE, "UTC")
    after = world.audit[-1].after
    assert after is not None
    assert after["effective_at"] == (TOMORROW + DAY).isoformat()


async def test_the_changes_planned_ahead_are_limited(world: World) -> None:
    schedule = await world.a_schedule()

    async def plan(number: int) -> None:
        await world.update_schedule(
            schedule.id,
            team_id=CORE,
            name="Daily",
            layers=CYD_ALONE,
            effective_at=TOMORROW + number * HOUR,
            actor=ADMIN,
        )

    for number in range(SCHEDULE_VERSIONS_AHEAD):
        await plan(number)
    with pytest.raises(InvalidValueError) as refused:
        await plan(SCHEDULE_VERSIONS_AHEAD)
    assert refused.value.field == "effective_at"


async def test_versions_are_listed_for_whoever_may_read(world: World) -> None:
    schedule = await world.a_schedule()
    ask = ListScheduleVersions(world.schedules, world.history, world.clock)
    found = await ask(schedule.id, NewestVersionsFirst(), actor=RESPONDER)
    assert [(each.number, each.effective_at, each.known_at) for each in found.items] == [(1, NOON, NOON)]
    with pytest.raises(ForbiddenError):
        await ask(schedule.id, NewestVersionsFirst(), actor=UNREADING)
    with pytest.raises(NotFoundError):
        await ask(ScheduleId(CORE), NewestVersionsFirst(), actor=RESPONDER)


async def test_a_preview_shows_where_others_would_be_on_call_and_stores_nothing(world: World) -> None:
    schedule = await world.a_schedule()
    stored = await world.schedules.look_up(schedule.id, since=NOON)
    preview = await world.preview_schedule(
        schedule.id, ScheduleDraft(layers=CYD_ALONE, effective_at=TOMORROW), until=TOMORROW + 2 * DAY, actor=RESPONDER
    )
    assert preview.interval == Interval(start=NOON, end=TOMORROW + 2 * DAY)
    assert preview.differences == (
        Difference(interval=Interval(start=TOMORROW, end=TOMORROW + DAY), before=(BOB,), after=(CYD,)),
        Difference(interval=Interval(start=TOMORROW + DAY, end=TOMORROW + 2 * DAY), before=(ANN,), after=(CYD,)),
    )
    assert preview.more == 0
    assert await world.schedules.look_up(schedule.id, since=NOON) == stored


async def test_of_a_previewed_change_what_is_not_given_is_as_it_will_be_then(world: World) -> None:
    schedule = await world.a_schedule()
    await world.update_schedule(
        schedule.id, team_id=CORE, name="Daily", layers=CYD_ALONE, effective_at=TOMORROW, actor=ADMIN
    )
    later = ScheduleDraft(time_zone="UTC", effective_at=TOMORROW + DAY)
    preview = await world.preview_schedule(schedule.id, later, actor=RESPONDER)
    assert preview.differences == ()


async def test_a_preview_looks_two_weeks_ahead_and_counts_what_it_does_not_show(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_schedule, "CHANGES_SHOWN", 3)
    schedule = await world.a_schedule()
    preview = await world.preview_schedule(schedule.id, ScheduleDraft(layers=CYD_ALONE), actor=RESPONDER)
    assert preview.interval.end == NOON + 14 * DAY
    assert (len(preview.differences), preview.more) == (3, 12)  # ANN until tomorrow, 13 whole days, a part of the last
    with pytest.raises(InvalidValueError):
        await world.preview_schedule(schedule.id, ScheduleDraft(), until=NOON + 367 * DAY, actor=RESPONDER)


async def test_a_preview_of_an_override_is_what_adding_or_removing_it_does(world: World) -> None:
    schedule = await world.a_schedule()
    draft = stand_in(DEE, starts_at=NOON - HOUR, ends_at=NOON + HOUR)
    adding = await world.preview_schedule(schedule.id, ScheduleDraft(add_override=draft), actor=RESPONDER)
    hour = Interval(start=NOON, end=NOON + HOUR)
    assert adding.differences == (Difference(interval=hour, before=(ANN,), after=(DEE,)),)
    added = await world.add_override(
        schedule.id, user_id=DEE, starts_at=draft.starts_at, ends_at=draft.ends_at, actor=ADMIN
    )
    removing = await world.preview_schedule(schedule.id, ScheduleDraft(remove_override=added.id), actor=RESPONDER)
    assert removing.differences == (Difference(interval=hour, before=(DEE,), after=(ANN,)),)
    replacing = ScheduleDraft(remove_override=added.id, add_override=replace(draft, user_id=CYD))
    both = await world.preview_schedule(schedule.id, replacing, actor=RESPONDER)
    assert both.differences == (Difference(interval=hour, before=(DEE,), after=(CYD,)),)
    world.clock.at = NOON + HOUR
    with pytest.raises(IllegalTransitionError):
        await world.preview_schedule(schedule.id, ScheduleDraft(remove_override=added.id), actor=RESPONDER)


async def test_a_preview_of_a_temporary_schedule_is_what_adding_or_removing_it_does(world: World) -> None:
    schedule = await world.a_schedule()
    wanted = a_temporary(1, "2026-11-23 10:00", "2026-11-23 14:00", (CYD, "2026-11-23 10:00", "2026-11-23 13:00"))
    adding = await world.preview_schedule(schedule.id, ScheduleDraft(add_temporary=wanted), actor=RESPONDER)
    covered, empty = (Interval(start=NOON + hours * HOUR, end=NOON + (hours + 1) * HOUR) for hours in (0, 1))
    assert adding.differences == (
        Difference(interval=covered, before=(ANN,), after=(CYD,)),
        Difference(interval=empty, before=(ANN,), after=()),
    )
    added = await world.add_temporary(
        schedule.id, starts_at=wanted.starts_at, ends_at=wanted.ends_at, shifts=wanted.shifts, actor=ADMIN
    )
    removing = await world.preview_schedule(schedule.id, ScheduleDraft(remove_temporary=added.id), actor=RESPONDER)
    assert removing.differences == (
        Difference(interval=covered, before=(CYD,), after=(ANN,)),
        Difference(interval=empty, before=(), after=(ANN,)),
    )
    with pytest.raises(InvalidValueError, match="must not overlap"):
        await world.preview_schedule(schedule.id, ScheduleDraft(add_temporary=wanted), actor=RESPONDER)
    world.clock.at = added.ends_at
    with pytest.raises(IllegalTransitionError):
        await world.preview_schedule(schedule.id, ScheduleDraft(remove_temporary=added.id), actor=RESPONDER)


async def test_a_preview_of_a_shadow_is_whom_they_would_follow_and_when(world: World) -> None:
    schedule = await world.a_schedule()
    wanted = a_shadow(1, DEE, "2026-11-23 10:00", "2026-11-23 14:00", follows=ANN)
    adding = await world.preview_schedule(schedule.id, ScheduleDraft(add_shadow=wanted), actor=RESPONDER)
    assert (adding.differences, adding.shadows_gone) == ((), ())
    followed = Interval(start=NOON, end=NOON + 2 * HOUR)
    assert [(each.user_id, each.follows, each.interval) for each in adding.shadows_new] == [(DEE, ANN, followed)]
    added = await world.add_shadow(
        schedule.id, user_id=DEE, starts_at=NOON, ends_at=wanted.ends_at, follows=ANN, actor=ADMIN
    )
    removing = await world.preview_schedule(schedule.id, ScheduleDraft(remove_shadow=added.id), actor=RESPONDER)
    assert ([each.interval for each in removing.shadows_gone], removing.shadows_new) == ([followed], ())
    world.clock.at = added.ends_at
    with pytest.raises(IllegalTransitionError):
        await world.preview_schedule(schedule.id, ScheduleDraft(remove_shadow=added.id), actor=RESPONDER)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ScheduleDraft(layers=(a_layer(NOBODY, starts="2026-01-01 00:00"),)), "layers[0].rotation.participants[0][0]"),
        (ScheduleDraft(time_zone="Mars/Olympus"), "time_zone"),
        (ScheduleDraft(layers=(), effective_at=NOON - HOUR), "effective_at"),
        (ScheduleDraft(add_override=stand_in(NOBODY, starts_at=NOON, ends_at=NOON + HOUR)), "add_override.user_id"),
        (ScheduleDraft(add_override=stand_in(DEE, starts_at=NOON - HOUR, ends_at=NOON)), "add_override.ends_at"),
        (
            ScheduleDraft(add_override=stand_in(DEE, starts_at=NOON, ends_at=NOON + HOUR, replaces=NOBODY)),
            "add_override.replaces",
        ),
        (
            ScheduleDraft(
                add_temporary=a_temporary(
                    1, "2026-11-24 10:00", "2026-11-24 14:00", (NOBODY, "2026-11-24 10:00", "2026-11-24 14:00")
                )
            ),
            "add_temporary.shifts[0].user_id",
        ),
        (
            ScheduleDraft(add_temporary=a_temporary(1, "2026-11-23 10:00", "2026-11-23 12:00")),
            "add_temporary.ends_at",
        ),
        (
            ScheduleDraft(add_shadow=a_shadow(1, NOBODY, "2026-11-24 10:00", "2026-11-24 14:00", layer=0)),
            "add_shadow.user_id",
        ),
        (
            ScheduleDraft(add_shadow=a_shadow(1, DEE, "2026-11-24 10:00", "2026-11-24 14:00", layer=1)),
            "add_shadow.layer",
        ),
        (
            ScheduleDraft(add_shadow=a_shadow(1, DEE, "2026-11-24 10:00", "2026-11-24 14:00", follows=NOBODY)),
            "add_shadow.follows",
        ),
    ],
)
async def test_a_preview_refuses_what_would_not_be_saved(world: World, draft: ScheduleDraft, field: str) -> None:
    schedule = await world.a_schedule()
    with pytest.raises(InvalidValueError) as refused:
        await world.preview_schedule(schedule.id, draft, actor=RESPONDER)
    assert refused.value.field == field


async def test_a_preview_is_of_a_schedule_and_an_override_that_are_there(world: World) -> None:
    schedule = await world.a_schedule()
    with pytest.raises(NotFoundError):
        await world.preview_schedule(ScheduleId(CORE), ScheduleDraft(), actor=RESPONDER)
    with pytest.raises(NotFoundError):
        await world.preview_schedule(schedule.id, ScheduleDraft(remove_override=OverrideId(CORE)), actor=RESPONDER)
    with pytest.raises(ForbiddenError):
        await world.preview_schedule(schedule.id, ScheduleDraft(), actor=UNREADING)


async def test_whoever_has_left_may_stay_in_the_layers_of_a_preview(world: World) -> None:
    schedule = await world.a_schedule()
    gone: UserId = BOB
    world.database.users[gone] = replace(world.database.users[gone], is_active=False)
    draft = ScheduleDraft(layers=(a_layer(gone, starts="2026-01-01 00:00"),))
    preview = await world.preview_schedule(schedule.id, draft, until=TOMORROW, actor=RESPONDER)
    assert [each.after for each in preview.differences] == [(gone,)]
