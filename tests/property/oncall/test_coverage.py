"""P6: who is on call is a function; its instants, shifts and gaps say the same, in any zone, at any clock change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.oncall.coverage import HANDOFF_HORIZON, explain, gaps, next_handoff, on_call, shifts
from domain.oncall.layer import Layer
from domain.oncall.rotation import Rotation, RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.ids import UserId
from domain.shared.interval import Interval, union
from domain.shared.local_time import from_local_seconds, to_instant
from tests.support.oncall import (
    MINUTE,
    Model,
    a_schedule,
    minutes_around,
    places,
    restrictions,
    rotations,
    schedules,
    turns,
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Schedule, Interval]:
    """A schedule and an interval of up to four days around something that happens in it."""
    place = draw(places())
    start = draw(minutes_around(place[1]))
    length = draw(st.integers(1, 4 * 1440)) * MINUTE
    return draw(schedules(place)), Interval(start=start, end=start + length)


def _on_shift(schedule: Schedule, interval: Interval, at: datetime) -> list[UserId]:
    return [shift.user_id for shift in shifts(schedule, interval) if shift.interval.contains(at)]


def _edges(schedule: Schedule, interval: Interval) -> list[datetime]:
    """Each instant at which a shift of the interval starts or ends, and its neighbours."""
    edges = {interval.start, interval.end}
    for shift in shifts(schedule, interval):
        edges |= {shift.interval.start, shift.interval.end}
    near = {edge + step for edge in edges for step in (-timedelta.resolution, timedelta(0), timedelta.resolution)}
    return sorted(at for at in near if interval.contains(at))


@given(situations())
def test_agrees_with_a_walk_over_every_minute(situation: tuple[Schedule, Interval]) -> None:
    schedule, interval = situation
    model = Model.of(schedule, interval.start, interval.end)
    found = shifts(schedule, interval)
    missing = gaps(schedule, interval)
    for number, expected in enumerate(model.on_call):
        at = model.start + number * MINUTE
        assert frozenset(on_call(schedule, at)) == expected, at
        assert frozenset(shift.user_id for shift in found if shift.interval.contains(at)) == expected, at
        assert any(gap.contains(at) for gap in missing) is (not expected), at


@given(situations(), st.data())
def test_on_call_agrees_with_the_shifts_of_any_interval_around_it(
    situation: tuple[Schedule, Interval], data: st.DataObject
) -> None:
    schedule, interval = situation
    at = data.draw(
        st.sampled_from(_edges(schedule, interval))
        | st.datetimes(
            interval.start.replace(tzinfo=None),
            (interval.end - timedelta.resolution).replace(tzinfo=None),
            timezones=st.just(UTC),
        )
    )
    assert tuple(sorted(_on_shift(schedule, interval, at))) == on_call(schedule, at)


@given(situations())
def test_a_part_of_an_interval_has_the_shifts_of_the_whole_cut_to_it(situation: tuple[Schedule, Interval]) -> None:
    schedule, interval = situation
    middle = interval.start + interval.duration / 2
    for part in (Interval(start=interval.start, end=middle), Interval(start=middle, end=interval.end)):
        cut = [(shift.user_id, shift.source, shift.interval.intersection(part)) for shift in shifts(schedule, interval)]
        assert {each for each in cut if each[2] is not None} == {
            (shift.user_id, shift.source, shift.interval) for shift in shifts(schedule, part)
        }


@given(situations())
def test_gaps_and_shifts_partition_the_interval(situation: tuple[Schedule, Interval]) -> None:
    schedule, interval = situation
    covered = union(shift.interval for shift in shifts(schedule, interval))
    missing = gaps(schedule, interval)
    assert union((*covered, *missing)) == (interval,)
    assert union(missing) == missing
    assert not any(gap.overlaps(span) for gap in missing for span in covered)


@given(situations())
def test_shifts_of_one_user_never_overlap_and_touch_only_where_the_source_changes(
    situation: tuple[Schedule, Interval],
) -> None:
    found = shifts(*situation)
    for user_id in {shift.user_id for shift in found}:
        for earlier, later in pairwise(shift for shift in found if shift.user_id == user_id):
            assert earlier.interval.end <= later.interval.start
            if earlier.interval.end == later.interval.start:
                assert earlier.source != later.source


@given(situations())
def test_explain_names_those_who_are_on_call_with_the_source_of_their_shift(
    situation: tuple[Schedule, Interval],
) -> None:
    schedule, interval = situation
    found = shifts(schedule, interval)
    for at in _edges(schedule, interval):
        assigned = explain(schedule, at).on_call
        assert tuple(each.user_id for each in assigned) == on_call(schedule, at)
        assert {(each.user_id, each.source) for each in assigned} == {
            (shift.user_id, shift.source) for shift in found if shift.interval.contains(at)
        }


@given(situations())
def test_the_next_handoff_is_the_first_change(situation: tuple[Schedule, Interval]) -> None:
    schedule, interval = situation
    handoff = next_handoff(schedule, interval.start)
    before = on_call(schedule, interval.start)
    for at in _edges(schedule, interval):
        if handoff is None or at < handoff.at:
            assert on_call(schedule, at) == before
    if handoff is not None:
        assert interval.start < handoff.at <= interval.start + HANDOFF_HORIZON
        assert on_call(schedule, handoff.at - timedelta.resolution) == handoff.before == before
        assert on_call(schedule, handoff.at) == handoff.after != before


@given(places(), st.sampled_from(RotationUnit), st.integers(1, 366), st.lists(turns, min_size=1, max_size=5))
def test_an_unrestricted_layer_has_no_gap_after_its_start(
    place: tuple[str, datetime], unit: RotationUnit, length: int, participants: list[tuple[UserId, ...]]
) -> None:
    zone_name, near = place
    local = near.replace(tzinfo=None, second=0) - timedelta(days=3)
    rotation = Rotation(unit=unit, length=length, starts_at_local=local, participants=tuple(participants))
    schedule = _schedule_of(zone_name, Layer(rotation=rotation))
    begins = to_instant(local, schedule.zone)
    week = Interval(start=begins - timedelta(days=1), end=begins + timedelta(days=7))
    assert gaps(schedule, week) == (Interval(start=week.start, end=begins),)


@given(st.data(), st.integers(0, 5000))
def test_a_turn_found_by_arithmetic_is_the_one_found_by_counting(data: st.DataObject, hours: int) -> None:
    near = datetime(2026, 3, 20, tzinfo=UTC)
    rotation, windows = data.draw(rotations(near)), data.draw(restrictions)
    layer = Layer(rotation=rotation, restrictions=windows)
    local = rotation.turn_starts(0) + hours * 3600
    active = 0
    turn = 0
    while rotation.turn_starts(turn + 1) <= local:
        active += any(layer.duties(rotation.turn_starts(turn), rotation.turn_starts(turn + 1)))
        turn += 1
    assert rotation.turn_at(local) == turn, from_local_seconds(local)
    assert layer.participant_at(local) == active % len(rotation.participants)


def _schedule_of(zone_name: str, layer: Layer) -> Schedule:
    return a_schedule(layer, zone=zone_name)
