"""Whoever asks at least once an hour hears of every beginning and every end, whatever the schedule."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.oncall.coverage import on_call, shifts
from domain.oncall.quality import stretches
from domain.oncall.schedule import Schedule
from domain.oncall.turn import NEWS, Turn, TurnMoment, seen_at, turns
from domain.shared.interval import Interval
from tests.support.oncall import MINUTE, minutes_around, places, schedules

type Asking = tuple[Schedule, list[datetime], timedelta]


@st.composite
def askings(draw: st.DrawFn) -> Asking:
    """A schedule, when it is asked about, with pauses of less than an hour, and how long ahead people hear."""
    place = draw(places())
    at = draw(minutes_around(place[1]))
    times = [at]
    for pause in draw(st.lists(st.integers(1, NEWS // MINUTE - 1), min_size=1, max_size=30)):
        times.append(times[-1] + pause * MINUTE)
    return draw(schedules(place)), times, draw(st.integers(1, 26 * 60)) * MINUTE


def heard(schedule: Schedule, at: datetime, ahead: timedelta) -> set[Turn]:
    return set(turns(stretches(shifts(schedule, seen_at(at, ahead=ahead))), at, ahead=ahead))


@given(askings())
def test_every_beginning_and_every_end_between_the_first_and_the_last_asking_is_heard(asking: Asking) -> None:
    schedule, times, ahead = asking
    said = set[Turn]().union(*(heard(schedule, at, ahead) for at in times))
    first, last = times[0], times[-1]
    wide = Interval(start=first - 30 * NEWS, end=last + 30 * NEWS)
    for stretch in stretches(shifts(schedule, wide)):
        user_id, start, end = stretch.user_id, stretch.interval.start, stretch.interval.end
        if first <= end <= last:
            assert Turn(user_id, TurnMoment.ENDED, end) in said
        if first <= start <= last and end > last:
            assert Turn(user_id, TurnMoment.STARTED, start) in said
        if any(start - ahead <= at < start for at in times):
            assert Turn(user_id, TurnMoment.AHEAD, start) in said


@given(askings())
def test_only_what_is_so_is_heard(asking: Asking) -> None:
    schedule, times, ahead = asking
    for at in times:
        for user_id, moment, edge in heard(schedule, at, ahead):
            begins = moment is not TurnMoment.ENDED
            assert (user_id in on_call(schedule, edge)) is begins
            assert (user_id in on_call(schedule, edge - timedelta.resolution)) is not begins
            assert (edge > at) is (moment is TurnMoment.AHEAD)
