from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ForbiddenError, NotFoundError
from application.oncall.on_call import OnCall
from application.oncall.schedule_gaps import ScheduleGaps
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.service_on_call import StepOnCall
from application.oncall.who_is_on_call import WhoIsOnCall
from application.ports.page import PageRequest
from domain.identity.role import Permission
from domain.oncall.shadowing import Shadowing
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, utc
from tests.unit.config.world import (
    ADMIN,
    CORE,
    EDGE,
    FIVE_MINUTES,
    NOON,
    RESPONDER,
    World,
    a_step,
    to_schedule,
    to_team,
    to_user,
)

TOMORROW = utc("2026-11-24 08:00")  # 09:00 in Berlin, when BOB follows
HOUR = timedelta(hours=1)


async def test_each_schedule_says_who_and_until_when(world: World) -> None:
    daily = await world.a_schedule(name="daily")
    empty = await world.create_schedule(team_id=EDGE, name="empty", time_zone="UTC", actor=ADMIN)
    who = WhoIsOnCall(world.schedules, world.history, world.clock)
    first = OnCall(schedule_id=daily.id, name="daily", user_ids=(ANN,), until=TOMORROW)
    nobody = OnCall(schedule_id=empty.id, name="empty", user_ids=(), until=None)
    page = await who(PageRequest(limit=1), actor=RESPONDER)
    assert (page.items, page.has_more) == ((first,), True)
    rest = await who(PageRequest(limit=1, after=("daily", daily.id)), actor=RESPONDER)
    assert (rest.items, rest.has_more) == ((nobody,), False)
    assert (await who(PageRequest(), team_id=CORE, at=TOMORROW, actor=RESPONDER)).items == (
        replace(first, user_ids=(BOB,), until=TOMORROW + timedelta(days=1)),
    )


async def test_shadows_are_listed_and_never_counted_as_on_call(world: World) -> None:
    schedule = await world.a_schedule()
    shadow = await world.add_shadow(
        schedule.id, user_id=EVE, follows=ANN, starts_at=NOON, ends_at=NOON + HOUR, actor=ADMIN
    )
    found = await ScheduleOnCall(world.history, world.clock)(schedule.id, actor=RESPONDER)
    assert (found.user_ids, found.until) == ((ANN,), TOMORROW)
    assert found.shadows == (Shadowing(shadow_id=shadow.id, user_id=EVE, follows=(ANN,)),)


async def test_overrides_count_also_those_that_are_over_by_now(world: World) -> None:
    schedule = await world.a_schedule()
    await world.add_override(schedule.id, user_id=EVE, starts_at=NOON, ends_at=NOON + HOUR, actor=ADMIN)
    world.clock.at = NOON + 5 * HOUR
    ask = ScheduleOnCall(world.history, world.clock)
    assert (await ask(schedule.id, actor=RESPONDER)).user_ids == (ANN,)
    then = await ask(schedule.id, at=NOON, actor=RESPONDER)
    assert (then.user_ids, then.until) == ((EVE,), NOON + HOUR)
    everywhere = await WhoIsOnCall(world.schedules, world.history, world.clock)(PageRequest(), at=NOON, actor=RESPONDER)
    assert everywhere.items == (then,)


async def test_a_service_says_whom_each_step_tells(world: World) -> None:
    schedule = await world.a_schedule()
    steps = (
        a_step(to_schedule(schedule), to_user(DEE)),
        a_step(to_team(CORE), to_user(BOB)),
        a_step(to_team(EDGE)),
    )
    policy, _ = await world.create_policy(team_id=CORE, name="Core", steps=steps, actor=ADMIN)
    service = await world.create_service(team_id=CORE, policy_id=policy.id, name="Payments", actor=ADMIN)
    now = OnCall(schedule_id=schedule.id, name="Daily", user_ids=(ANN,), until=TOMORROW)
    assert await world.service_on_call(service.id, actor=RESPONDER) == (
        StepOnCall(step=0, delay=FIVE_MINUTES, user_ids=(ANN, DEE), schedules=(now,)),
        StepOnCall(step=1, delay=FIVE_MINUTES, user_ids=(CYD, BOB), schedules=()),
        StepOnCall(step=2, delay=FIVE_MINUTES, user_ids=(), schedules=()),
    )
    later = await world.service_on_call(service.id, at=TOMORROW, actor=RESPONDER)
    assert later[0].user_ids == (BOB, DEE)


async def test_shifts_and_gaps_of_an_interval(world: World) -> None:
    start = world.clock.at = utc("2026-11-23 00:00")
    schedule = await world.a_schedule()
    interval = Interval(start=start, end=start + timedelta(days=2))
    found = await ScheduleShifts(world.history, world.clock)(schedule.id, interval, actor=RESPONDER)
    assert [(shift.user_id, shift.interval) for shift in found] == [
        (ANN, Interval(start=utc("2026-11-23 08:00"), end=TOMORROW)),
        (BOB, Interval(start=TOMORROW, end=interval.end)),
    ]
    gaps = await ScheduleGaps(world.history, world.clock)(schedule.id, interval, actor=RESPONDER)
    assert gaps == (Interval(start=start, end=utc("2026-11-23 08:00")),)


async def test_an_interval_is_a_year_at_most(world: World) -> None:
    schedule = await world.a_schedule()
    year = Interval(start=NOON, end=NOON + timedelta(days=366))
    longer = Interval(start=NOON, end=year.end + timedelta.resolution)
    for ask in (ScheduleShifts(world.history, world.clock), ScheduleGaps(world.history, world.clock)):
        await ask(schedule.id, year, actor=RESPONDER)
        with pytest.raises(InvalidValueError) as refused:
            await ask(schedule.id, longer, actor=RESPONDER)
        assert refused.value.field == "interval"


async def test_a_time_without_an_offset_is_refused(world: World) -> None:
    schedule, service = await world.a_schedule(), await world.a_service()
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(InvalidValueError):
        await ScheduleOnCall(world.history, world.clock)(schedule.id, at=naive, actor=RESPONDER)
    with pytest.raises(InvalidValueError):
        await WhoIsOnCall(world.schedules, world.history, world.clock)(PageRequest(), at=naive, actor=RESPONDER)
    with pytest.raises(InvalidValueError):
        await world.service_on_call(service.id, at=naive, actor=RESPONDER)


async def test_every_question_needs_the_permission_to_read(world: World) -> None:
    schedule, service = await world.a_schedule(), await world.a_service()
    actor = replace(ADMIN, scopes=frozenset({Permission.CONFIGURE}))
    hour = Interval(start=NOON, end=NOON + HOUR)
    with pytest.raises(ForbiddenError):
        await WhoIsOnCall(world.schedules, world.history, world.clock)(PageRequest(), actor=actor)
    with pytest.raises(ForbiddenError):
        await ScheduleOnCall(world.history, world.clock)(schedule.id, actor=actor)
    with pytest.raises(ForbiddenError):
        await world.service_on_call(service.id, actor=actor)
    for ask in (ScheduleShifts(world.history, world.clock), ScheduleGaps(world.history, world.clock)):
        with pytest.raises(ForbiddenError):
            await ask(schedule.id, hour, actor=actor)
        with pytest.raises(NotFoundError):
            await ask(ScheduleId(CORE), hour, actor=ADMIN)
