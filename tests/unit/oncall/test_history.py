"""A schedule as it was known: what is in force when, and what an edit cannot change."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from domain.oncall.coverage import HANDOFF_HORIZON, Handoff, Source
from domain.oncall.difference import Difference, differences
from domain.oncall.history import (
    History,
    ScheduleVersion,
    Timeline,
    as_known,
    bearing_on,
    ended,
    on_call_as_known,
    require_room_ahead,
    shifts_as_known,
)
from domain.oncall.layer import Layer
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from domain.shared.limits import SCHEDULE_VERSIONS_AHEAD
from tests.support.oncall import ANN, BOB, CYD, DEE, a_layer, a_schedule, a_shadow, a_temporary, an_override, utc

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (utc(f"2026-01-0{day} 00:00") for day in (5, 6, 7, 8))
WEEK = Interval(start=MONDAY, end=utc("2026-01-12 00:00"))
HOUR = timedelta(hours=1)


def always(user_id: UserId) -> Layer:
    return a_layer(user_id, starts="2026-01-01 00:00")


def a_version(number: int, *layers: Layer, known: str, effective: str | None = None) -> ScheduleVersion:
    schedule = replace(a_schedule(*layers, zone="UTC"), version=number)
    return ScheduleVersion(schedule=schedule, known_at=utc(known), effective_at=utc(effective or known))


ANN_FIRST = History(versions=(a_version(1, always(ANN), known="2026-01-05 00:00"),))


def test_before_its_first_version_nobody_is_on_call() -> None:
    assert on_call_as_known(ANN_FIRST, MONDAY - HOUR) == ()
    assert as_known(ANN_FIRST).in_force(MONDAY - HOUR) is None
    assert as_known(ANN_FIRST).gaps(Interval(start=MONDAY - HOUR, end=TUESDAY)) == (
        Interval(start=MONDAY - HOUR, end=MONDAY),
    )


def test_of_a_schedule_that_was_not_known_yet_nothing_is_said() -> None:
    timeline = as_known(ANN_FIRST, MONDAY - HOUR)
    assert (timeline.phases, timeline.shifts(WEEK), timeline.gaps(WEEK)) == ((), (), (WEEK,))
    assert (timeline.on_call(TUESDAY), timeline.next_handoff(MONDAY)) == ((), None)


def test_a_version_holds_from_its_effective_time_on() -> None:
    history = ANN_FIRST.with_version(
        a_version(2, always(BOB), known="2026-01-06 00:00", effective="2026-01-07 00:00"),
    )
    assert on_call_as_known(history, WEDNESDAY - timedelta.resolution) == (ANN,)
    assert on_call_as_known(history, WEDNESDAY) == (BOB,)
    assert [(shift.user_id, shift.interval.start, shift.interval.end) for shift in shifts_as_known(history, WEEK)] == [
        (ANN, MONDAY, WEDNESDAY),
        (BOB, WEDNESDAY, WEEK.end),
    ]


def test_before_a_version_was_known_the_answer_is_another() -> None:
    history = ANN_FIRST.with_version(a_version(2, always(BOB), known="2026-01-06 00:00", effective="2026-01-07 00:00"))
    assert on_call_as_known(history, THURSDAY, TUESDAY - timedelta.resolution) == (ANN,)
    assert on_call_as_known(history, THURSDAY, TUESDAY) == (BOB,)
    assert as_known(history, MONDAY - HOUR).phases == ()


def test_a_version_takes_the_place_of_those_that_were_planned_for_later() -> None:
    history = ANN_FIRST.with_version(a_version(2, always(BOB), known="2026-01-05 01:00", effective="2026-01-08 00:00"))
    history = history.with_version(a_version(3, always(CYD), known="2026-01-06 00:00"))
    assert on_call_as_known(history, THURSDAY) == (CYD,)
    assert on_call_as_known(history, THURSDAY, TUESDAY - HOUR) == (BOB,)


def test_of_two_versions_from_one_time_on_the_later_made_holds() -> None:
    history = ANN_FIRST
    for number, user_id in ((2, BOB), (3, CYD)):
        history = history.with_version(
            a_version(number, always(user_id), known="2026-01-05 01:00", effective="2026-01-08 00:00")
        )
    assert on_call_as_known(history, THURSDAY) == (CYD,)
    assert len(as_known(history).phases) == 2


def test_a_version_cannot_take_effect_before_it_is_known() -> None:
    with pytest.raises(InvalidValueError) as refused:
        a_version(1, always(ANN), known="2026-01-05 00:00", effective="2026-01-04 00:00")
    assert refused.value.field == "effective_at"


def test_an_override_is_known_from_when_it_was_made() -> None:
    override = an_override(1, DEE, "2026-01-07 00:00", "2026-01-08 00:00")
    history = ANN_FIRST.with_override(override, at=TUESDAY)
    assert on_call_as_known(history, WEDNESDAY, TUESDAY - HOUR) == (ANN,)
    assert on_call_as_known(history, WEDNESDAY, TUESDAY) == (DEE,)


def test_an_override_that_is_taken_back_before_it_began_never_happens() -> None:
    override = an_override(1, DEE, "2026-01-07 00:00", "2026-01-08 00:00")
    history = ANN_FIRST.with_override(override, at=MONDAY).without_override(override.id, at=TUESDAY)
    assert on_call_as_known(history, WEDNESDAY) == (ANN,)
    assert on_call_as_known(history, WEDNESDAY, TUESDAY - HOUR) == (DEE,)


def test_an_override_that_is_taken_back_while_it_is_under_way_ends_then() -> None:
    override = an_override(1, DEE, "2026-01-06 00:00", "2026-01-08 00:00")
    history = ANN_FIRST.with_override(override, at=MONDAY).without_override(override.id, at=WEDNESDAY)
    assert [on_call_as_known(history, at) for at in (TUESDAY, WEDNESDAY)] == [(DEE,), (ANN,)]
    assert on_call_as_known(history, WEDNESDAY, WEDNESDAY - HOUR) == (DEE,)
    assert as_known(history).phases[0].schedule.overrides == (replace(override, ends_at=WEDNESDAY),)


def test_an_override_that_is_taken_back_in_the_instant_it_was_made_was_never_known() -> None:
    override = an_override(1, DEE, "2026-01-07 00:00", "2026-01-08 00:00")
    assert ANN_FIRST.with_override(override, at=MONDAY).without_override(override.id, at=MONDAY) == ANN_FIRST


def test_a_shift_that_goes_on_after_a_change_is_not_cut_by_it() -> None:
    both = a_layer((ANN, BOB), starts="2026-01-01 00:00")
    history = ANN_FIRST.with_version(a_version(2, both, known="2026-01-07 00:00"))
    found = shifts_as_known(history, WEEK)
    assert [(shift.user_id, shift.interval.start) for shift in found] == [(ANN, MONDAY), (BOB, WEDNESDAY)]
    assert {(shift.interval.end, shift.source) for shift in found} == {(WEEK.end, Source(layer=0))}


def test_gaps_are_those_of_what_is_in_force_and_are_not_cut_by_a_change() -> None:
    history = ANN_FIRST
    for number, known in ((2, "2026-01-06 00:00"), (3, "2026-01-07 00:00")):
        history = history.with_version(a_version(number, known=known))
    assert as_known(history).gaps(WEEK) == (Interval(start=TUESDAY, end=WEEK.end),)


def test_a_change_that_puts_others_on_call_is_a_handoff() -> None:
    history = ANN_FIRST
    for number, user_id, at in ((2, ANN, "2026-01-06 00:00"), (3, BOB, "2026-01-07 00:00")):
        history = history.with_version(a_version(number, always(user_id), known="2026-01-05 00:00", effective=at))
    timeline = as_known(history)
    assert timeline.next_handoff(MONDAY) == Handoff(at=WEDNESDAY, before=(ANN,), after=(BOB,))
    assert timeline.next_handoff(MONDAY - HOUR) == Handoff(at=MONDAY, before=(), after=(ANN,))
    assert timeline.next_handoff(WEDNESDAY) is None


def test_a_handoff_of_a_version_that_is_over_by_then_does_not_happen() -> None:
    turns = a_layer(ANN, BOB, starts="2026-01-05 00:00")
    history = History(versions=(a_version(1, turns, known="2026-01-05 00:00"),)).with_version(
        a_version(2, always(ANN), known="2026-01-05 00:00", effective="2026-01-05 23:00")
    )
    assert as_known(history).next_handoff(MONDAY) is None


def test_of_a_handoff_and_a_change_at_one_time_the_change_says_who_follows() -> None:
    turns = a_layer(ANN, BOB, starts="2026-01-05 00:00")
    history = History(versions=(a_version(1, turns, known="2026-01-05 00:00"),)).with_version(
        a_version(2, always(CYD), known="2026-01-05 00:00", effective="2026-01-06 00:00")
    )
    assert as_known(history).next_handoff(MONDAY) == Handoff(at=TUESDAY, before=(ANN,), after=(CYD,))


def test_changes_beyond_the_horizon_are_no_handoff() -> None:
    history = ANN_FIRST.with_version(a_version(2, always(BOB), known="2026-01-05 00:00", effective="2036-01-08 00:00"))
    assert as_known(history).next_handoff(MONDAY) is None


def test_a_change_at_the_horizon_is_beyond_it() -> None:
    def planned(effective_at: datetime) -> Timeline:
        version = a_version(2, always(BOB), known="2026-01-05 00:00")
        return as_known(ANN_FIRST.with_version(replace(version, effective_at=effective_at)))

    assert planned(MONDAY + HANDOFF_HORIZON).next_handoff(MONDAY) is None
    last = MONDAY + HANDOFF_HORIZON - timedelta.resolution
    assert planned(last).next_handoff(MONDAY) == Handoff(at=last, before=(ANN,), after=(BOB,))


def test_an_instant_in_another_offset_is_the_same_instant() -> None:
    tokyo = MONDAY.astimezone(timezone(timedelta(hours=9)))
    timeline = as_known(ANN_FIRST.with_version(a_version(2, always(BOB), known="2026-01-06 00:00")))
    assert timeline.next_handoff(tokyo) == Handoff(at=TUESDAY, before=(ANN,), after=(BOB,))


def test_a_time_without_an_offset_is_refused_whatever_is_in_force() -> None:
    naive = MONDAY.replace(tzinfo=None)
    for timeline in (as_known(History()), as_known(ANN_FIRST)):
        for ask in (timeline.on_call, timeline.next_handoff, timeline.shadows):
            with pytest.raises(InvalidValueError, match=r"^at: must"):
                ask(naive)


def test_a_temporary_schedule_that_is_taken_back_ends_then_and_leaves_the_others() -> None:
    gone = a_temporary(1, "2026-01-05 06:00", "2026-01-05 18:00", (BOB, "2026-01-05 06:00", "2026-01-05 18:00"))
    stays = a_temporary(2, "2026-01-06 06:00", "2026-01-06 18:00", (CYD, "2026-01-06 06:00", "2026-01-06 18:00"))
    noon = MONDAY + 12 * HOUR
    history = ANN_FIRST.with_temporary(gone, at=MONDAY).with_temporary(stays, at=MONDAY)
    after = as_known(history.without_temporary(gone.id, at=noon))
    assert (after.on_call(noon - HOUR), after.on_call(noon)) == ((BOB,), (ANN,))
    assert after.on_call(stays.starts_at) == (CYD,)
    assert as_known(history.without_temporary(stays.id, at=noon)).on_call(stays.starts_at) == (ANN,)


def test_a_shadow_is_known_from_when_it_was_made_and_follows_nobody_once_it_is_taken_back() -> None:
    gone = a_shadow(1, DEE, "2026-01-05 06:00", "2026-01-05 18:00", follows=ANN)
    stays = a_shadow(2, CYD, "2026-01-05 06:00", "2026-01-05 18:00", follows=ANN)
    noon, hour = MONDAY + 12 * HOUR, MONDAY + HOUR
    history = ANN_FIRST.with_shadow(gone, at=hour).with_shadow(stays, at=hour)
    both = as_known(history)
    assert [each.user_id for each in both.shadows(noon)] == [DEE, CYD]
    assert as_known(history, MONDAY).shadows(noon) == ()
    ended = history.without_shadow(gone.id, at=noon)
    assert [each.user_id for each in as_known(ended).shadows(noon)] == [CYD]
    assert [each.user_id for each in as_known(ended).shadows(noon - HOUR)] == [DEE, CYD]
    assert as_known(ended, noon - HOUR) == both
    assert [(each.user_id, each.interval.end) for each in as_known(ended).shadow_shifts(WEEK)] == [
        (DEE, noon),
        (CYD, stays.ends_at),
    ]
    assert bearing_on(ended, WEEK).shadows != ()
    assert bearing_on(ended, Interval(start=TUESDAY, end=WEEK.end)).shadows == ()


def test_the_shifts_that_were_known_are_those_of_what_was_known() -> None:
    history = ANN_FIRST.with_version(a_version(2, always(BOB), known="2026-01-06 00:00"))
    assert [shift.user_id for shift in shifts_as_known(history, WEEK)] == [ANN, BOB]
    assert [shift.user_id for shift in shifts_as_known(history, WEEK, MONDAY)] == [ANN]


def test_the_load_of_an_interval_is_shared_by_whoever_is_in_a_layer_of_its_time() -> None:
    daily = a_layer(BOB, DEE, starts="2026-01-01 00:00")
    history = ANN_FIRST.with_version(a_version(2, daily, known="2026-01-06 00:00"))
    timeline = as_known(history.with_override(an_override(1, CYD, "2026-01-06 10:00", "2026-01-06 11:00"), at=TUESDAY))
    monday, tuesday = Interval(start=MONDAY, end=TUESDAY), Interval(start=TUESDAY, end=WEDNESDAY)
    assert timeline.participants(monday, timeline.shifts(monday)) == (ANN,)
    assert timeline.participants(tuesday, timeline.shifts(tuesday)) == (BOB, CYD, DEE)
    assert timeline.participants(tuesday, ()) == (BOB, DEE)
    assert timeline.participants(WEEK, timeline.shifts(WEEK)) == (ANN, BOB, CYD, DEE)


def test_the_changes_planned_ahead_are_limited() -> None:
    history = ANN_FIRST
    for number in range(SCHEDULE_VERSIONS_AHEAD):
        require_room_ahead(history, at=MONDAY)
        effective = f"{TUESDAY + number * HOUR:%Y-%m-%d %H:%M}"
        history = history.with_version(
            a_version(number + 2, always(BOB), known="2026-01-05 00:00", effective=effective)
        )
    with pytest.raises(InvalidValueError) as refused:
        require_room_ahead(history, at=MONDAY)
    assert refused.value.field == "effective_at"
    require_room_ahead(history, at=TUESDAY)


def test_a_difference_is_where_others_are_on_call() -> None:
    turns = a_layer(ANN, BOB, starts="2026-01-05 00:00")
    before = History(versions=(a_version(1, turns, known="2026-01-05 00:00"),))
    after = before.with_override(an_override(1, ANN, "2026-01-06 12:00", "2026-01-07 12:00"), at=MONDAY)
    found = tuple(differences(as_known(before), as_known(after), WEEK))
    noon = utc("2026-01-06 12:00")
    assert found == (Difference(interval=Interval(start=noon, end=WEDNESDAY), before=(BOB,), after=(ANN,)),)


def test_differences_that_touch_and_say_the_same_are_one() -> None:
    one, other = (
        History(
            versions=(a_version(1, a_layer(user_id, user_id, starts="2026-01-05 00:00"), known="2026-01-05 00:00"),)
        )
        for user_id in (ANN, BOB)
    )
    cut = one.with_override(an_override(1, CYD, "2026-01-07 00:00", "2026-01-08 00:00", replaces=ANN), at=MONDAY)
    found = tuple(differences(as_known(cut), as_known(other), WEEK))
    assert [(each.interval.start, each.before, each.after) for each in found] == [
        (MONDAY, (ANN,), (BOB,)),
        (WEDNESDAY, (CYD,), (BOB,)),
        (THURSDAY, (ANN,), (BOB,)),
    ]
    assert tuple(differences(as_known(one), as_known(one), WEEK)) == ()
    by_override = other.with_override(an_override(1, BOB, "2026-01-07 00:00", "2026-01-08 00:00"), at=MONDAY)
    assert len(as_known(by_override).shifts(WEEK)) == 3  # of BOB's, since the source changes
    assert tuple(differences(as_known(one), as_known(by_override), WEEK)) == (
        Difference(interval=WEEK, before=(ANN,), after=(BOB,)),
    )


def test_what_bears_on_an_interval_is_what_is_in_force_and_stands_in_within_it() -> None:
    second = a_version(2, always(BOB), known="2026-01-05 00:00", effective="2026-01-06 00:00")
    third = a_version(3, always(CYD), known="2026-01-05 12:00", effective="2026-01-07 00:00")
    history = ANN_FIRST.with_version(second).with_version(third)
    for number, (starts, ends) in enumerate((("05", "06"), ("06", "07"), ("07", "08")), start=1):
        override = an_override(number, DEE, f"2026-01-{starts} 00:00", f"2026-01-{ends} 00:00")
        history = history.with_override(override, at=MONDAY)
    history = history.without_override(history.overrides[1].part.id, at=MONDAY + HOUR)
    tuesday = Interval(start=TUESDAY, end=WEDNESDAY)
    found = bearing_on(history, tuesday)
    assert (found.versions, found.overrides) == ((second,), ())
    before = bearing_on(history, tuesday, MONDAY)
    assert (before.versions, before.overrides) == ((second,), history.overrides[1:2])
    both = bearing_on(history, Interval(start=TUESDAY, end=WEDNESDAY + HOUR))
    assert (both.versions, both.overrides) == ((second, third), history.overrides[2:])


def test_nothing_is_left_of_what_is_taken_back_in_the_instant_at_which_it_would_begin() -> None:
    override = an_override(1, BOB, "2026-01-06 00:00", "2026-01-07 00:00")
    temporary = a_temporary(1, "2026-01-06 00:00", "2026-01-07 00:00")
    assert ended(override, at=TUESDAY) is None
    assert ended(temporary, at=TUESDAY) is None
    assert ended(override, at=TUESDAY + HOUR) == replace(override, ends_at=TUESDAY + HOUR)
    assert ended(temporary, at=TUESDAY + HOUR) == replace(temporary, ends_at=TUESDAY + HOUR)
