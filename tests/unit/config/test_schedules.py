from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError
from application.oncall import add_override, add_shadow, add_temporary
from application.oncall.get_schedule import GetSchedule
from application.oncall.list_schedules import ListSchedules
from application.ports.page import PageRequest
from domain.identity.actor import Actor
from domain.oncall.override import OverrideKind
from domain.oncall.schedule import Schedule
from domain.oncall.temporary import FixedShift
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import OverrideId, ScheduleId, TeamId
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, utc
from tests.unit.config.world import ADMIN, CORE, CORE_MANAGER, EDGE, NO_TEAM, NOBODY, NOON, RESPONDER, World, a_user

HOUR = timedelta(hours=1)


class Times(TypedDict):
    starts_at: datetime
    ends_at: datetime


async def update(
    world: World,
    schedule: Schedule,
    *,
    team_id: TeamId = CORE,
    name: str = "Daily",
    version: int | None = None,
    actor: Actor = ADMIN,
) -> Schedule:
    return await world.update_schedule(
        schedule.id,
        team_id=team_id,
        name=name,
        time_zone="UTC",
        layers=schedule.layers,
        version=version,
        actor=actor,
    )


async def test_a_manager_creates_a_schedule(world: World) -> None:
    layer = a_layer(ANN, (BOB, CYD), starts="2026-11-23 09:00")
    schedule = await world.create_schedule(
        team_id=CORE, name=" Core ", time_zone="Asia/Tokyo", layers=(layer,), actor=CORE_MANAGER
    )
    assert (schedule.name, schedule.time_zone, schedule.layers, schedule.version) == ("Core", "Asia/Tokyo", (layer,), 1)
    assert world.audit[-1].action == "schedule.create"
    after = world.audit[-1].after
    assert after is not None
    assert after["layers"] == [
        {
            "name": "",
            "rotation": {
                "unit": "day",
                "length": 1,
                "starts_at_local": "2026-11-23T09:00:00",
                "participants": [[str(ANN)], [str(BOB), str(CYD)]],
            },
            "restrictions": [],
            "until": None,
        }
    ]


async def test_a_participant_who_is_not_there_is_named_by_their_place(world: World) -> None:
    layers = (a_layer(ANN, starts="2026-11-23 09:00"), a_layer(ANN, BOB, (CYD, NOBODY), starts="2026-11-23 09:00"))
    with pytest.raises(InvalidValueError) as refused:
        await world.create_schedule(team_id=CORE, name="Core", time_zone="UTC", layers=layers, actor=ADMIN)
    assert refused.value.field == "layers[1].rotation.participants[2][1]"
    with pytest.raises(InvalidValueError) as no_team:
        await world.create_schedule(team_id=NO_TEAM, name="Core", time_zone="UTC", actor=ADMIN)
    assert no_team.value.field == "team_id"
    assert not world.database.schedules


async def test_an_update_keeps_overrides_and_users_who_have_left(world: World) -> None:
    schedule = await world.a_schedule()
    override = await world.add_override(
        schedule.id, user_id=DEE, starts_at=NOON, ends_at=NOON + HOUR, actor=CORE_MANAGER
    )
    world.database.users[BOB] = a_user(BOB, is_active=False)
    updated = await update(world, schedule, name="Renamed", version=1, actor=CORE_MANAGER)
    assert (updated.name, updated.time_zone, updated.overrides, updated.version) == (
        "Renamed",
        "UTC",
        (override,),
        2,
    )
    entry = world.audit[-1]
    assert entry.action == "schedule.update"
    assert entry.before is not None
    assert (entry.before["name"], entry.before["overrides"]) == ("Daily", [])
    with pytest.raises(ConflictError):
        await update(world, schedule, version=1)


async def test_moving_a_schedule_needs_both_teams(world: World) -> None:
    ours, theirs = await world.a_schedule(name="ours"), await world.a_schedule(name="theirs", team_id=EDGE)
    for schedule, team_id in ((ours, EDGE), (theirs, CORE)):
        with pytest.raises(ForbiddenError):
            await update(world, schedule, team_id=team_id, actor=CORE_MANAGER)
    with pytest.raises(ForbiddenError):
        await world.create_schedule(team_id=CORE, name="new", time_zone="UTC", actor=RESPONDER)
    both = replace(CORE_MANAGER, team_ids=frozenset({CORE, EDGE}))
    assert (await update(world, ours, name="ours", team_id=EDGE, actor=both)).team_id == EDGE


async def test_reading_leaves_out_overrides_that_are_over(world: World) -> None:
    schedule = await world.a_schedule()
    override = await world.add_override(schedule.id, user_id=DEE, starts_at=NOON, ends_at=NOON + HOUR, actor=ADMIN)
    get_schedule, list_schedules = (
        GetSchedule(world.schedules, world.clock),
        ListSchedules(world.schedules, world.clock),
    )
    assert (await get_schedule(schedule.id, actor=RESPONDER)).overrides == (override,)
    world.clock.at = NOON + HOUR
    assert (await get_schedule(schedule.id, actor=RESPONDER)).overrides == ()
    assert (await list_schedules(PageRequest(), actor=RESPONDER)).items == (schedule,)


async def test_an_override_begins_now_at_the_earliest(world: World) -> None:
    schedule = await world.a_schedule()
    late = await world.add_override(
        schedule.id, user_id=DEE, replaces=ANN, starts_at=NOON - HOUR, ends_at=NOON + HOUR, actor=CORE_MANAGER
    )
    assert (late.starts_at, late.ends_at, late.replaces) == (NOON, NOON + HOUR, ANN)
    ahead = await world.add_override(
        schedule.id, user_id=DEE, replaces=ANN, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR, actor=CORE_MANAGER
    )
    assert ahead.starts_at == NOON + HOUR
    assert world.database.schedules[schedule.id].overrides == (late, ahead)
    assert (world.audit[-1].action, world.audit[-1].noun_id) == ("schedule.add_override", schedule.id)
    after = world.audit[-1].after
    assert after is not None
    assert (after["user_id"], after["replaces"]) == (str(DEE), str(ANN))
    with pytest.raises(InvalidValueError) as over:
        await world.add_override(schedule.id, user_id=DEE, starts_at=NOON - HOUR, ends_at=NOON, actor=ADMIN)
    assert over.value.field == "ends_at"


async def test_an_override_names_users_who_are_there(world: World) -> None:
    schedule = await world.a_schedule()
    times = Times(starts_at=NOON, ends_at=NOON + HOUR)
    with pytest.raises(InvalidValueError) as no_user:
        await world.add_override(schedule.id, user_id=NOBODY, actor=ADMIN, **times)
    assert no_user.value.field == "user_id"
    with pytest.raises(InvalidValueError) as no_replaced:
        await world.add_override(schedule.id, user_id=DEE, replaces=NOBODY, actor=ADMIN, **times)
    assert no_replaced.value.field == "replaces"
    with pytest.raises(NotFoundError):
        await world.add_override(ScheduleId(CORE), user_id=DEE, actor=ADMIN, **times)
    for actor in (RESPONDER, replace(CORE_MANAGER, team_ids=frozenset({EDGE}))):
        with pytest.raises(ForbiddenError):
            await world.add_override(schedule.id, user_id=DEE, actor=actor, **times)
    assert not world.database.schedules[schedule.id].overrides


async def test_two_overrides_for_the_same_user_conflict(world: World) -> None:
    schedule = await world.a_schedule()
    times = Times(starts_at=NOON, ends_at=NOON + HOUR)
    await world.add_override(schedule.id, user_id=DEE, replaces=ANN, actor=ADMIN, **times)
    entries = len(world.audit)
    with pytest.raises(ConflictError):
        await world.add_override(schedule.id, user_id=EVE, replaces=ANN, actor=ADMIN, **times)
    assert len(world.audit) == entries
    await world.add_override(schedule.id, user_id=EVE, replaces=BOB, actor=ADMIN, **times)


async def test_overrides_that_are_not_over_are_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_override, "OVERRIDES_AHEAD", 2)
    schedule = await world.a_schedule()
    for hours in (0, 1):
        await world.add_override(
            schedule.id, user_id=DEE, starts_at=NOON + hours * HOUR, ends_at=NOON + (hours + 1) * HOUR, actor=ADMIN
        )
    third = Times(starts_at=NOON + 5 * HOUR, ends_at=NOON + 6 * HOUR)
    with pytest.raises(InvalidValueError) as refused:
        await world.add_override(schedule.id, user_id=DEE, actor=ADMIN, **third)
    assert refused.value.field == "overrides"
    world.clock.at = NOON + HOUR  # the first one is over
    await world.add_override(schedule.id, user_id=DEE, actor=ADMIN, **third)


async def test_removing_an_override_does_not_change_the_past(world: World) -> None:
    schedule = await world.a_schedule()
    override = await world.add_override(
        schedule.id, user_id=DEE, starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR, actor=ADMIN
    )
    world.clock.at = NOON + 2 * HOUR
    await world.remove_override(schedule.id, override.id, actor=CORE_MANAGER)
    left = replace(override, ends_at=NOON + 2 * HOUR)
    assert world.database.schedules[schedule.id].overrides == (left,)
    entry = world.audit[-1]
    assert entry.action == "schedule.remove_override"
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["ends_at"], entry.after["ends_at"]) == (
        "2026-11-23T15:00:00+00:00",
        "2026-11-23T14:00:00+00:00",
    )
    with pytest.raises(IllegalTransitionError):
        await world.remove_override(schedule.id, override.id, actor=ADMIN)


async def test_an_override_that_has_not_begun_goes_without_a_trace_but_the_audit(world: World) -> None:
    schedule = await world.a_schedule()
    override = await world.add_override(schedule.id, user_id=DEE, starts_at=NOON, ends_at=NOON + HOUR, actor=ADMIN)
    with pytest.raises(ForbiddenError):
        await world.remove_override(schedule.id, override.id, actor=RESPONDER)
    with pytest.raises(NotFoundError):
        await world.remove_override(schedule.id, OverrideId(CORE), actor=ADMIN)
    await world.remove_override(schedule.id, override.id, actor=CORE_MANAGER)  # it has lasted no time yet
    assert not world.database.schedules[schedule.id].overrides
    assert (world.audit[-1].action, world.audit[-1].after) == ("schedule.remove_override", None)


async def test_an_override_has_its_times_in_utc(world: World) -> None:
    schedule = await world.a_schedule()
    naive = utc("2026-11-23 13:00").replace(tzinfo=None)
    with pytest.raises(InvalidValueError) as refused:
        await world.add_override(schedule.id, user_id=DEE, starts_at=NOON, ends_at=naive, actor=ADMIN)
    assert refused.value.field == "ends_at"


async def test_a_contradiction_is_refused_with_the_first_time_that_would_do(world: World) -> None:
    schedule = await world.a_schedule()
    times = Times(starts_at=NOON, ends_at=NOON + HOUR)
    await world.add_override(schedule.id, user_id=DEE, replaces=ANN, actor=ADMIN, **times)
    with pytest.raises(
        ConflictError, match=r"from 2026-11-23T13:00:00\+00:00 up to 2026-11-23T14:00:00\+00:00 would do"
    ):
        await world.add_override(schedule.id, user_id=ANN, kind=OverrideKind.REMOVE, actor=ADMIN, **times)
    added = await world.add_override(schedule.id, user_id=ANN, kind=OverrideKind.ADD, actor=ADMIN, **times)
    assert (added.kind, added.replaces) == (OverrideKind.ADD, None)


def a_fair(**changes: datetime) -> FixedShift:
    return FixedShift(user_id=DEE, **({"starts_at": NOON - HOUR, "ends_at": NOON + HOUR} | changes))


async def test_what_has_passed_of_a_temporary_schedule_is_cut_off(world: World) -> None:
    schedule = await world.a_schedule()
    over = a_fair(starts_at=NOON - 2 * HOUR, ends_at=NOON - HOUR)
    temporary = await world.add_temporary(
        schedule.id,
        starts_at=NOON - 2 * HOUR,
        ends_at=NOON + 2 * HOUR,
        shifts=(over, a_fair()),
        actor=CORE_MANAGER,
    )
    assert (temporary.starts_at, temporary.ends_at) == (NOON, NOON + 2 * HOUR)
    assert temporary.shifts == (a_fair(starts_at=NOON),)
    assert world.database.schedules[schedule.id].temporaries == (temporary,)
    assert world.audit[-1].action == "schedule.add_temporary"


async def test_a_temporary_schedule_is_refused_with_its_field_and_what_would_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = await world.a_schedule()
    times = Times(starts_at=NOON, ends_at=NOON + HOUR)
    nobody = replace(a_fair(starts_at=NOON), user_id=NOBODY)
    with pytest.raises(InvalidValueError) as no_user:
        await world.add_temporary(schedule.id, shifts=(nobody,), actor=ADMIN, **times)
    assert no_user.value.field == "shifts[0].user_id"
    with pytest.raises(ForbiddenError):
        await world.add_temporary(schedule.id, shifts=(), actor=RESPONDER, **times)
    with pytest.raises(InvalidValueError) as over:
        await world.add_temporary(schedule.id, starts_at=NOON - HOUR, ends_at=NOON, shifts=(), actor=ADMIN)
    assert over.value.field == "ends_at"
    await world.add_temporary(schedule.id, shifts=(), actor=ADMIN, **times)
    with pytest.raises(ConflictError, match=r"a start at 2026-11-23T13:00:00\+00:00, would do"):
        await world.add_temporary(schedule.id, shifts=(), actor=ADMIN, **times)
    monkeypatch.setattr(add_temporary, "TEMPORARIES_AHEAD", 1)
    with pytest.raises(InvalidValueError, match="temporaries: must be at most 1"):
        await world.add_temporary(schedule.id, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR, shifts=(), actor=ADMIN)


async def test_removing_a_temporary_schedule_does_not_change_the_past(world: World) -> None:
    schedule = await world.a_schedule()
    temporary = await world.add_temporary(
        schedule.id, starts_at=NOON, ends_at=NOON + 2 * HOUR, shifts=(a_fair(starts_at=NOON),), actor=ADMIN
    )
    world.clock.at = NOON + HOUR / 2
    with pytest.raises(ForbiddenError):
        await world.remove_temporary(schedule.id, temporary.id, actor=RESPONDER)
    await world.remove_temporary(schedule.id, temporary.id, actor=CORE_MANAGER)
    left = temporary.cut(starts_at=NOON, ends_at=NOON + HOUR / 2)
    assert world.database.schedules[schedule.id].temporaries == (left,)
    with pytest.raises(IllegalTransitionError):
        await world.remove_temporary(schedule.id, temporary.id, actor=ADMIN)
    ahead = await world.add_temporary(
        schedule.id, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR, shifts=(), actor=ADMIN
    )
    await world.remove_temporary(schedule.id, ahead.id, actor=ADMIN)
    assert world.database.schedules[schedule.id].temporaries == (left,)
    assert (world.audit[-1].action, world.audit[-1].after) == ("schedule.remove_temporary", None)


async def test_a_shadow_begins_now_at_the_earliest_and_ends_when_it_is_removed(world: World) -> None:
    schedule = await world.a_schedule()
    shadow = await world.add_shadow(
        schedule.id, user_id=DEE, follows=ANN, starts_at=NOON - HOUR, ends_at=NOON + 2 * HOUR, actor=CORE_MANAGER
    )
    assert shadow.starts_at == NOON
    world.clock.at = NOON + HOUR
    await world.remove_shadow(schedule.id, shadow.id, actor=CORE_MANAGER)
    assert world.database.schedules[schedule.id].shadows == (replace(shadow, ends_at=NOON + HOUR),)
    with pytest.raises(IllegalTransitionError):
        await world.remove_shadow(schedule.id, shadow.id, actor=ADMIN)
    ahead = await world.add_shadow(
        schedule.id, user_id=DEE, layer=0, starts_at=NOON + 2 * HOUR, ends_at=NOON + 3 * HOUR, actor=ADMIN
    )
    await world.remove_shadow(schedule.id, ahead.id, actor=ADMIN)
    assert len(world.database.schedules[schedule.id].shadows) == 1
    assert (world.audit[-1].action, world.audit[-1].after) == ("schedule.remove_shadow", None)


async def test_a_shadow_is_refused_with_its_field_and_its_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = await world.a_schedule()
    times = Times(starts_at=NOON, ends_at=NOON + HOUR)
    with pytest.raises(InvalidValueError, match="layer: must be one of the 1 there are"):
        await world.add_shadow(schedule.id, user_id=DEE, layer=1, actor=ADMIN, **times)
    for field, users in (("user_id", (NOBODY, ANN)), ("follows", (DEE, NOBODY))):
        with pytest.raises(InvalidValueError) as refused:
            await world.add_shadow(schedule.id, user_id=users[0], follows=users[1], actor=ADMIN, **times)
        assert refused.value.field == field
    with pytest.raises(ForbiddenError):
        await world.add_shadow(schedule.id, user_id=DEE, layer=0, actor=RESPONDER, **times)
    with pytest.raises(InvalidValueError, match="ends_at: must be in the future"):
        await world.add_shadow(schedule.id, user_id=DEE, layer=0, starts_at=NOON - HOUR, ends_at=NOON, actor=ADMIN)
    monkeypatch.setattr(add_shadow, "SHADOWS_AHEAD", 0)
    with pytest.raises(InvalidValueError, match="shadows: must be at most 0"):
        await world.add_shadow(schedule.id, user_id=DEE, layer=0, actor=ADMIN, **times)
