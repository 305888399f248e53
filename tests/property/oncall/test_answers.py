"""Load, quality and handoffs say what the shifts say, for every schedule, in every zone, at every clock change."""

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.oncall.coverage import gaps, next_handoff, on_call, shifts
from domain.oncall.load import NIGHT_ENDS, NIGHT_STARTS, WEEKEND, Load, fairness, loads
from domain.oncall.quality import FindingKind, QualityLimits, handoffs, overlaps, quality, stretches
from domain.oncall.schedule import Schedule
from domain.shared.ids import UserId
from domain.shared.interval import Interval, union
from domain.shared.local_time import latest_local
from tests.support.oncall import MINUTE, USERS, minutes_around, places, schedules, zones

type Situation = tuple[Schedule, Interval]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A schedule and an interval of up to four days around something that happens in it."""
    place = draw(places())
    start = draw(minutes_around(place[1]))
    return draw(schedules(place)), Interval(start=start, end=start + draw(st.integers(2, 4 * 1440)) * MINUTE)


homes = st.tuples(*(zones for _ in USERS)).map(
    lambda names: {user_id: ZoneInfo(name) for user_id, name in zip(USERS, names, strict=True)}
)


@st.composite
def loaded(draw: st.DrawFn) -> tuple[Situation, dict[UserId, ZoneInfo]]:
    """Somebody lives where the clock changes."""
    schedule, interval = draw(situations())
    return (schedule, interval), draw(homes) | {draw(st.sampled_from(USERS)): schedule.zone}


def _hours(load: Load) -> tuple[timedelta, ...]:
    return load.total, load.nights, load.weekends, load.holidays


@given(loaded(), st.data())
def test_the_parts_of_an_interval_add_up_to_the_whole(
    case: tuple[Situation, dict[UserId, ZoneInfo]], data: st.DataObject
) -> None:
    (schedule, interval), zones = case
    middle = interval.start + data.draw(st.integers(1, interval.duration // MINUTE - 1)) * MINUTE
    holidays = {interval.start.date(), interval.end.date()}
    whole, left, right = (
        loads(shifts(schedule, part), zones=zones, holidays=dict.fromkeys(zones, frozenset(holidays)))
        for part in (interval, Interval(start=interval.start, end=middle), Interval(start=middle, end=interval.end))
    )
    for all_of_it, one, other in zip(whole, left, right, strict=True):
        assert _hours(all_of_it) == tuple(a + b for a, b in zip(_hours(one), _hours(other), strict=True))


@given(loaded())
def test_hours_add_up_to_the_durations_of_the_shifts(case: tuple[Situation, dict[UserId, ZoneInfo]]) -> None:
    (schedule, interval), zones = case
    found = shifts(schedule, interval)
    for load in loads(found, zones=zones):
        own = [shift.interval.duration for shift in found if shift.user_id == load.user_id]
        assert load.total == sum(own, timedelta(0))
        assert all(timedelta(0) <= part <= load.total for part in _hours(load))


@given(loaded(), st.data())
def test_each_kind_of_hours_agrees_with_a_walk_over_every_minute(
    case: tuple[Situation, dict[UserId, ZoneInfo]], data: st.DataObject
) -> None:
    (schedule, interval), zones = case
    zones = {user_id: zone for user_id, zone in zones.items() if _is_of_whole_minutes(zone, interval)}
    found = tuple(shift for shift in shifts(schedule, interval) if shift.user_id in zones)
    holidays = {data.draw(st.sampled_from((interval.start.date(), interval.end.date())))}
    for load in loads(found, zones=zones, holidays=dict.fromkeys(zones, frozenset(holidays))):
        walked = [0, 0, 0]
        for shift in found:
            if shift.user_id == load.user_id:
                at = shift.interval.start
                while at < shift.interval.end:
                    local = latest_local(at, zones[load.user_id])
                    walked[0] += local.time() >= NIGHT_STARTS or local.time() < NIGHT_ENDS
                    walked[1] += local.weekday() in WEEKEND
                    walked[2] += local.date() in holidays
                    at += MINUTE
        assert [load.nights // MINUTE, load.weekends // MINUTE, load.holidays // MINUTE] == walked


def _is_of_whole_minutes(zone: ZoneInfo, interval: Interval) -> bool:
    offsets = (at.astimezone(zone).utcoffset() for at in (interval.start, interval.end))
    return all(offset is not None and not offset % MINUTE for offset in offsets)


@given(loaded())
def test_shares_against_the_mean_average_to_one(case: tuple[Situation, dict[UserId, ZoneInfo]]) -> None:
    (schedule, interval), zones = case
    found = fairness(loads(shifts(schedule, interval), zones=zones))
    for kind in zip(*found, strict=True):
        shares = [share for share in kind if share is not None]
        assert not shares or sum(shares, Fraction(0)) == len(found)


@given(situations())
def test_handoffs_are_the_changes_of_who_is_on_call_one_after_another(situation: Situation) -> None:
    schedule, interval = situation
    found = handoffs(schedule, interval)
    expected: list[datetime] = []
    at = interval.start - timedelta.resolution
    while (handoff := next_handoff(schedule, at)) is not None and handoff.at < interval.end:
        expected.append(handoff.at)
        at = handoff.at
    assert [handoff.at for handoff in found] == expected
    assert all(one.after == other.before for one, other in pairwise(found))
    assert all(handoff.after == on_call(schedule, handoff.at) for handoff in found)


@given(situations(), st.integers(1, 3))
def test_overlaps_are_exactly_the_time_with_more_people_than_meant(situation: Situation, people: int) -> None:
    schedule, interval = situation
    found = shifts(schedule, interval)
    over = overlaps(found, people=people)
    edges = {interval.start, *(edge for shift in found for edge in (shift.interval.start, shift.interval.end))}
    for at in edges - {interval.end}:
        assert any(each.interval.contains(at) for each in over) is (len(on_call(schedule, at)) > people)
    assert all(each.user_ids == on_call(schedule, each.interval.start) for each in over)
    assert all(one.interval.end <= other.interval.start for one, other in pairwise(over))


@given(situations())
def test_a_report_s_gaps_are_the_schedule_s_and_its_stretches_hold_every_shift(situation: Situation) -> None:
    schedule, interval = situation
    report = quality(schedule, interval, QualityLimits())
    found = [each.interval for each in report.findings if each.kind is FindingKind.GAP]
    assert tuple(found) == gaps(schedule, interval)
    assert report.gap_share + Fraction(_covered(schedule, interval), interval.duration // timedelta.resolution) == 1
    own = stretches(shifts(schedule, interval))
    for shift in shifts(schedule, interval):
        around = [each for each in own if each.user_id == shift.user_id and each.interval.overlaps(shift.interval)]
        assert len(around) == 1
        assert around[0].interval.intersection(shift.interval) == shift.interval


def _covered(schedule: Schedule, interval: Interval) -> int:
    spans = union(shift.interval for shift in shifts(schedule, interval))
    return sum(span.duration // timedelta.resolution for span in spans)
