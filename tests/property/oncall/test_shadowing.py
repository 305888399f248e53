"""A shadow is told of what another is on call for, and is never on call by it, in any schedule at any instant."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.oncall.coverage import on_call
from domain.oncall.schedule import Schedule
from domain.oncall.shadowing import shadows
from tests.support.oncall import minutes_around, places, schedules


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
