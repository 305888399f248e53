"""A shadow is told of what another is on call for, and is never on call by it, in any schedule at any instant."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.oncall.coverage import on_call, shifts
from domain.oncall.schedule import Schedule
from domain.oncall.shadowing import shadow_shifts, shadows
from domain.shared.interval import Interval
from tests.support.oncall import MINUTE, minutes_around, places, schedules


@st.composite
def moments(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    place = draw(places())
    return draw(schedules(place)), draw(minutes_around(place[1]))


@given(moments())
def test_shadows_follow_those_on_call_are_not_of_them_and_change_nothing(moment: tuple[Schedule, datetime]) -> None:
    schedule, at = moment
    users = on_call(schedule, at)
    assert on_call(replace(schedule, shadows=()), at) == users
    for shadowing in shadows(schedule, at):
        assert shadowing.user_id not in users
        assert shadowing.follows
        assert set(shadowing.follows) <= set(users)


@given(moments(), st.integers(1, 3 * 1440))
def test_shadow_shifts_say_at_every_instant_who_shadows_whom(moment: tuple[Schedule, datetime], minutes: int) -> None:
    schedule, start = moment
    interval = Interval(start=start, end=start + minutes * MINUTE)
    found = shadow_shifts(schedule, interval)
    edges = {edge for each in found for edge in (each.interval.start, each.interval.end)}
    for shift in shifts(schedule, interval):
        edges |= {shift.interval.start, shift.interval.end}
    for edge in (interval.start, *sorted(edges)):
        for at in (edge - timedelta.resolution, edge):
            if interval.contains(at):
                said = {(each.shadow_id, each.user_id, each.follows) for each in found if each.interval.contains(at)}
                at_once = shadows(schedule, at)
                assert said == {(each.shadow_id, each.user_id, user) for each in at_once for user in each.follows}
    assert all(interval.intersection(each.interval) == each.interval for each in found)
