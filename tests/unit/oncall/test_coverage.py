"""Who is on call at an instant, the shifts of an interval, its gaps: worked examples, one a sentence of the rules."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from domain.oncall.coverage import (
    LayerVerdict,
    OverrideExplanation,
    Source,
    explain,
    gaps,
    next_handoff,
    on_call,
    shifts,
)
from domain.oncall.rotation import RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import OverrideId, UserId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, a_schedule, an_override, every_day, utc, weekly

WEEKS = a_layer(ANN, BOB, CYD, starts="2026-01-05 09:00", unit=RotationUnit.WEEK)
NIGHTS = a_layer(DEE, starts="2026-01-05 00:00", restrictions=every_day("22:00", "06:00"))


def span(start: str, end: str) -> Interval:
    return Interval(start=utc(start), end=utc(end))


def listed(schedule: Schedule, start: str, end: str) -> list[tuple[UserId, str, str]]:
    return [
        (shift.user_id, f"{shift.interval.start:%m-%d %H:%M}", f"{shift.interval.end:%m-%d %H:%M}")
        for shift in shifts(schedule, span(start, end))
    ]


# ---- layers


def test_a_later_layer_wins_where_it_has_someone_on_duty() -> None:
    schedule = a_schedule(WEEKS, NIGHTS)
    assert on_call(schedule, utc("2026-01-06 20:59")) == (ANN,)
    assert on_call(schedule, utc("2026-01-06 21:00")) == (DEE,)
    assert on_call(schedule, utc("2026-01-07 04:59")) == (DEE,)
    assert on_call(schedule, utc("2026-01-07 05:00")) == (ANN,)


def test_the_order_of_the_layers_decides() -> None:
    assert on_call(a_schedule(NIGHTS, WEEKS), utc("2026-01-06 23:00")) == (ANN,)


def test_a_layer_without_anyone_leaves_the_instant_to_the_one_before() -> None:
    later = a_layer(DEE, starts="2026-02-02 09:00")
    assert on_call(a_schedule(WEEKS, later), utc("2026-02-02 07:59")) == (ANN,)
    assert on_call(a_schedule(WEEKS, later), utc("2026-02-02 08:00")) == (DEE,)


def test_a_layer_ends_at_its_until() -> None:
    schedule = a_schedule(WEEKS, a_layer(DEE, starts="2026-01-05", until="2026-01-08 12:34"))
    assert listed(schedule, "2026-01-08 00:00", "2026-01-09 00:00") == [
        (DEE, "01-08 00:00", "01-08 12:34"),
        (ANN, "01-08 12:34", "01-09 00:00"),
    ]
    assert on_call(schedule, utc("2026-01-08 12:33")) == (DEE,)
    assert on_call(schedule, utc("2026-01-08 12:34")) == (ANN,)


def test_those_on_call_are_named_once_in_the_order_of_their_ids() -> None:
    assert on_call(a_schedule(a_layer((CYD, ANN), starts="2026-01-05")), utc("2026-01-06 00:00")) == (ANN, CYD)


def test_a_schedule_without_layers_has_nobody_on_call() -> None:
    assert on_call(a_schedule(), utc("2026-01-06 00:00")) == ()
    assert gaps(a_schedule(), span("2026-01-06", "2026-01-07")) == (span("2026-01-06", "2026-01-07"),)


def test_two_weekly_layers_hand_off_on_two_chosen_weekdays() -> None:
    """Mondays and Thursdays at 09:00, Ann, Bob and Cyd in turn: of every two turns one is in the first layer."""
    from_mondays = a_layer(
        ANN,
        CYD,
        BOB,
        starts="2026-01-05 09:00",
        unit=RotationUnit.WEEK,
        restrictions=(weekly("monday 09:00", "thursday 09:00"),),
    )
    from_thursdays = a_layer(
        BOB,
        ANN,
        CYD,
        starts="2026-01-08 09:00",
        unit=RotationUnit.WEEK,
        restrictions=(weekly("thursday 09:00", "monday 09:00"),),
    )
    assert listed(a_schedule(from_mondays, from_thursdays), "2026-01-05 08:00", "2026-01-26 08:00") == [
        (ANN, "01-05 08:00", "01-08 08:00"),
        (BOB, "01-08 08:00", "01-12 08:00"),
        (CYD, "01-12 08:00", "01-15 08:00"),
        (ANN, "01-15 08:00", "01-19 08:00"),
        (BOB, "01-19 08:00", "01-22 08:00"),
        (CYD, "01-22 08:00", "01-26 08:00"),
    ]


# ---- shifts and gaps


def test_a_shift_runs_from_handoff_to_handoff_and_is_cut_to_the_interval() -> None:
    assert listed(a_schedule(WEEKS), "2026-01-10 00:00", "2026-01-20 00:00") == [
        (ANN, "01-10 00:00", "01-12 08:00"),
        (BOB, "01-12 08:00", "01-19 08:00"),
        (CYD, "01-19 08:00", "01-20 00:00"),
    ]


def test_a_shift_names_its_source() -> None:
    override = an_override(9, EVE, "2026-01-06 12:00", "2026-01-06 13:00")
    schedule = a_schedule(WEEKS, NIGHTS, overrides=(override,))
    found = shifts(schedule, span("2026-01-06 12:30", "2026-01-07 00:00"))
    assert [(shift.user_id, shift.source) for shift in found] == [
        (EVE, Source(override_id=override.id)),
        (ANN, Source(layer=0)),
        (DEE, Source(layer=1)),
    ]


def test_a_shift_ends_where_its_source_changes_though_the_user_stays() -> None:
    schedule = a_schedule(WEEKS, a_layer(ANN, starts="2026-01-05 00:00", restrictions=every_day("22:00", "06:00")))
    found = shifts(schedule, span("2026-01-06 20:00", "2026-01-06 22:00"))
    assert [(shift.user_id, shift.interval, shift.source) for shift in found] == [
        (ANN, span("2026-01-06 20:00", "2026-01-06 21:00"), Source(layer=0)),
        (ANN, span("2026-01-06 21:00", "2026-01-06 22:00"), Source(layer=1)),
    ]


def test_ones_own_next_turn_continues_the_shift() -> None:
    schedule = a_schedule(a_layer((ANN, BOB), (BOB, CYD), starts="2026-01-05 01:00"))
    assert listed(schedule, "2026-01-05 00:00", "2026-01-06 12:00") == [
        (ANN, "01-05 00:00", "01-06 00:00"),
        (BOB, "01-05 00:00", "01-06 12:00"),
        (CYD, "01-06 00:00", "01-06 12:00"),
    ]


def test_gaps_are_where_nobody_is_on_call() -> None:
    assert gaps(a_schedule(NIGHTS), span("2026-01-06 00:00", "2026-01-07 12:00")) == (
        span("2026-01-06 05:00", "2026-01-06 21:00"),
        span("2026-01-07 05:00", "2026-01-07 12:00"),
    )


# ---- overrides


def test_an_override_for_everyone_replaces_all_of_them() -> None:
    pair = a_schedule(
        a_layer((ANN, BOB), starts="2026-01-05"),
        overrides=(an_override(1, CYD, "2026-01-06 00:00", "2026-01-07 00:00"),),
    )
    assert on_call(pair, utc("2026-01-06 12:00")) == (CYD,)
    assert on_call(pair, utc("2026-01-07 00:00")) == (ANN, BOB)


def test_an_override_for_everyone_fills_a_gap() -> None:
    schedule = a_schedule(NIGHTS, overrides=(an_override(1, ANN, "2026-01-06 05:00", "2026-01-06 21:00"),))
    assert gaps(schedule, span("2026-01-06 00:00", "2026-01-07 05:00")) == ()


def test_an_override_for_one_user_leaves_the_others() -> None:
    pair = a_schedule(
        a_layer((ANN, BOB), starts="2026-01-05"),
        overrides=(an_override(1, CYD, "2026-01-06 00:00", "2026-01-07 00:00", replaces=ANN),),
    )
    assert on_call(pair, utc("2026-01-06 12:00")) == (BOB, CYD)


def test_an_override_for_one_user_acts_only_while_they_are_on_call() -> None:
    schedule = a_schedule(
        NIGHTS, overrides=(an_override(1, CYD, "2026-01-06 00:00", "2026-01-07 00:00", replaces=DEE),)
    )
    assert listed(schedule, "2026-01-06 00:00", "2026-01-07 00:00") == [
        (CYD, "01-06 00:00", "01-06 05:00"),
        (CYD, "01-06 21:00", "01-07 00:00"),
    ]


def test_a_stand_in_who_is_on_call_already_keeps_their_own_shift() -> None:
    pair = a_schedule(
        a_layer((ANN, BOB), starts="2026-01-05"),
        overrides=(an_override(1, BOB, "2026-01-06 12:00", "2026-01-06 13:00", replaces=ANN),),
    )
    found = shifts(pair, span("2026-01-06 11:00", "2026-01-06 14:00"))
    assert [(shift.interval, shift.source) for shift in found if shift.user_id == BOB] == [
        (span("2026-01-06 11:00", "2026-01-06 14:00"), Source(layer=0))
    ]
    assert on_call(pair, utc("2026-01-06 12:00")) == (BOB,)


def test_a_stand_in_can_be_stood_in_for() -> None:
    first = an_override(1, CYD, "2026-01-06 00:00", "2026-01-07 00:00", replaces=ANN)
    second = an_override(2, EVE, "2026-01-06 06:00", "2026-01-06 18:00", replaces=CYD)
    layer = a_layer(ANN, starts="2026-01-05")
    assert on_call(a_schedule(layer, overrides=(first, second)), utc("2026-01-06 12:00")) == (EVE,)
    assert on_call(a_schedule(layer, overrides=(second, first)), utc("2026-01-06 12:00")) == (CYD,)


def test_of_two_overrides_for_everyone_the_later_made_wins() -> None:
    first = an_override(1, BOB, "2026-01-06 12:00", "2026-01-06 18:00")
    second = an_override(2, CYD, "2026-01-06 00:00", "2026-01-06 15:00")
    schedule = a_schedule(a_layer(ANN, starts="2026-01-05"), overrides=(first, second))
    assert on_call(schedule, utc("2026-01-06 14:59")) == (CYD,)
    assert on_call(schedule, utc("2026-01-06 15:00")) == (BOB,)
    assert [each[0] for each in listed(schedule, "2026-01-06 00:00", "2026-01-06 18:00")] == [CYD, BOB]


def test_two_overrides_make_a_swap() -> None:
    """Ann has the week of 5 January and Bob the one of the 12th; they swap one day of each."""
    schedule = a_schedule(
        WEEKS,
        overrides=(
            an_override(1, BOB, "2026-01-06 00:00", "2026-01-07 00:00", replaces=ANN),
            an_override(2, ANN, "2026-01-13 00:00", "2026-01-14 00:00", replaces=BOB),
        ),
    )
    assert on_call(schedule, utc("2026-01-06 12:00")) == (BOB,)
    assert on_call(schedule, utc("2026-01-13 12:00")) == (ANN,)


# ---- clock changes


def test_a_handoff_in_the_skipped_hour_happens_at_the_first_instant_after_it() -> None:
    """Berlin goes from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC."""
    schedule = a_schedule(a_layer(ANN, BOB, starts="2026-03-28 02:30"))
    assert listed(schedule, "2026-03-28 12:00", "2026-03-30 12:00") == [
        (ANN, "03-28 12:00", "03-29 01:00"),
        (BOB, "03-29 01:00", "03-30 00:30"),
        (ANN, "03-30 00:30", "03-30 12:00"),
    ]


def test_a_handoff_in_the_hour_that_comes_twice_happens_once_at_its_first_occurrence() -> None:
    """Berlin goes from 03:00 back to 02:00 on 25 October 2026, at 01:00 UTC."""
    schedule = a_schedule(a_layer(ANN, BOB, starts="2026-10-24 02:30"))
    assert listed(schedule, "2026-10-24 12:00", "2026-10-26 12:00") == [
        (ANN, "10-24 12:00", "10-25 00:30"),
        (BOB, "10-25 00:30", "10-26 01:30"),
        (ANN, "10-26 01:30", "10-26 12:00"),
    ]
    assert on_call(schedule, utc("2026-10-25 01:15")) == (BOB,)


def test_a_turn_of_hours_keeps_its_wall_clock_times_in_summer_and_in_winter() -> None:
    halves = a_schedule(a_layer(ANN, BOB, starts="2026-01-05 08:00", unit=RotationUnit.HOUR, length=12))
    assert listed(halves, "2026-01-05 07:00", "2026-01-06 07:00")[0] == (ANN, "01-05 07:00", "01-05 19:00")
    assert listed(halves, "2026-07-05 06:00", "2026-07-06 06:00")[0] == (ANN, "07-05 06:00", "07-05 18:00")


def test_a_turn_wholly_in_the_skipped_hour_passes_and_the_one_in_the_repeated_hour_lasts_two() -> None:
    hourly = a_layer(ANN, BOB, CYD, starts="2026-03-29 00:00", unit=RotationUnit.HOUR)
    assert listed(a_schedule(hourly), "2026-03-29 00:00", "2026-03-29 02:00") == [
        (BOB, "03-29 00:00", "03-29 01:00"),
        (ANN, "03-29 01:00", "03-29 02:00"),
    ]
    hourly = a_layer(ANN, BOB, CYD, starts="2026-10-25 01:00", unit=RotationUnit.HOUR)
    assert listed(a_schedule(hourly), "2026-10-25 00:00", "2026-10-25 03:00") == [
        (BOB, "10-25 00:00", "10-25 02:00"),
        (CYD, "10-25 02:00", "10-25 03:00"),
    ]


def test_a_window_opens_and_closes_by_the_same_rule_as_a_handoff() -> None:
    early = a_schedule(a_layer(ANN, starts="2026-01-01", restrictions=every_day("02:15", "02:45")))
    assert gaps(early, span("2026-03-29 00:00", "2026-03-29 12:00")) == (span("2026-03-29 00:00", "2026-03-29 12:00"),)
    assert listed(early, "2026-10-25 00:00", "2026-10-25 12:00") == [(ANN, "10-25 00:15", "10-25 00:45")]
    assert on_call(early, utc("2026-10-25 01:30")) == ()


def test_a_whole_skipped_day_neither_loses_nor_invents_coverage() -> None:
    """Apia had no 30 December 2011: Bob, whose day it would have been, has none, and nobody else moves."""
    schedule = a_schedule(a_layer(ANN, BOB, CYD, starts="2011-12-29 00:00"), zone="Pacific/Apia")
    assert listed(schedule, "2011-12-29 10:00", "2012-01-01 10:00") == [
        (ANN, "12-29 10:00", "12-30 10:00"),
        (CYD, "12-30 10:00", "12-31 10:00"),
        (ANN, "12-31 10:00", "01-01 10:00"),
    ]


def test_clock_changes_never_move_who_comes_next() -> None:
    daily = a_schedule(a_layer(ANN, BOB, starts="2016-01-01 09:00"))
    for year in range(2016, 2056):
        days = (datetime(year, 7, 1, 12, tzinfo=UTC) - datetime(2016, 1, 1, 12, tzinfo=UTC)).days
        assert on_call(daily, datetime(year, 7, 1, 12, tzinfo=UTC)) == ((ANN, BOB)[days % 2],)


# ---- the next handoff


def test_the_next_handoff_names_those_before_and_after() -> None:
    handoff = next_handoff(a_schedule(WEEKS), utc("2026-01-06 00:00"))
    assert handoff is not None
    assert (handoff.at, handoff.before, handoff.after) == (utc("2026-01-12 08:00"), (ANN,), (BOB,))


def test_a_handoff_at_the_instant_itself_is_over() -> None:
    handoff = next_handoff(a_schedule(WEEKS), utc("2026-01-12 08:00"))
    assert handoff is not None
    assert handoff.at == utc("2026-01-19 08:00")


def test_the_beginning_of_a_gap_is_a_handoff_to_nobody() -> None:
    handoff = next_handoff(a_schedule(NIGHTS), utc("2026-01-06 00:00"))
    assert handoff is not None
    assert (handoff.at, handoff.after) == (utc("2026-01-06 05:00"), ())


def test_one_who_is_on_call_for_good_has_no_next_handoff() -> None:
    assert next_handoff(a_schedule(a_layer(ANN, starts="2026-01-05")), utc("2026-01-06 00:00")) is None
    assert next_handoff(a_schedule(a_layer(ANN, starts="2026-01-05")), utc("8999-12-31 23:59")) is None


def test_a_handoff_years_ahead_is_found() -> None:
    schedule = a_schedule(a_layer(ANN, starts="2026-01-05", until="2035-12-01 00:00"))
    handoff = next_handoff(schedule, utc("2026-01-06 00:00"))
    assert handoff is not None
    assert handoff.at == utc("2035-12-01 00:00")


def test_a_handoff_to_oneself_is_none() -> None:
    handoff = next_handoff(a_schedule(a_layer(ANN, ANN, BOB, starts="2026-01-05 01:00")), utc("2026-01-05 06:00"))
    assert handoff is not None
    assert handoff.at == utc("2026-01-07 00:00")


# ---- the explanation


def test_an_explanation_says_which_layer_decides_and_why_the_others_do_not() -> None:
    schedule = a_schedule(
        a_layer(ANN, starts="2026-01-01"),
        a_layer(BOB, CYD, starts="2026-01-05"),
        NIGHTS,
        a_layer(EVE, starts="2026-01-01", until="2026-01-06 00:00"),
        a_layer(EVE, starts="2027-01-01"),
    )
    tokyo = timezone(timedelta(hours=9))
    told = explain(schedule, utc("2026-01-06 12:00").astimezone(tokyo))
    assert (told.at, told.at.tzinfo) == (utc("2026-01-06 12:00"), UTC)
    assert told.local_time == datetime.fromisoformat("2026-01-06 13:00")
    assert [(layer.layer, layer.verdict, layer.participant, layer.users) for layer in told.layers] == [
        (4, LayerVerdict.NOT_STARTED, None, ()),
        (3, LayerVerdict.ENDED, None, ()),
        (2, LayerVerdict.OUTSIDE_HOURS, None, ()),
        (1, LayerVerdict.DECIDES, 1, (CYD,)),
        (0, LayerVerdict.OUTRANKED, 0, (ANN,)),
    ]
    assert [(each.user_id, each.source) for each in told.on_call] == [(CYD, Source(layer=1))]


def test_an_explanation_says_what_each_override_did() -> None:
    applied = an_override(1, CYD, "2026-01-06 00:00", "2026-01-07 00:00", replaces=ANN)
    idle = an_override(2, EVE, "2026-01-06 00:00", "2026-01-07 00:00", replaces=DEE)
    over = an_override(3, EVE, "2026-01-05 00:00", "2026-01-06 00:00")
    told = explain(a_schedule(WEEKS, overrides=(applied, idle, over)), utc("2026-01-06 12:00"))
    assert told.overrides == (
        OverrideExplanation(override_id=applied.id, user_id=CYD, is_applied=True, took_off=(ANN,)),
        OverrideExplanation(override_id=idle.id, user_id=EVE, is_applied=False),
    )
    assert [(each.user_id, each.source) for each in told.on_call] == [(CYD, Source(override_id=applied.id))]


def test_a_layer_is_explained_as_ended_from_its_end_on_and_by_the_clock_of_the_schedule() -> None:
    ends = a_layer(ANN, BOB, starts="2026-01-05 00:00", until="2026-01-07 00:00")
    tokyo = a_schedule(ends, zone="Asia/Tokyo")
    assert [each.verdict for each in explain(tokyo, utc("2026-01-07 00:00")).layers] == [LayerVerdict.ENDED]
    just_before = explain(tokyo, utc("2026-01-07 00:00") - timedelta.resolution)
    assert [each.verdict for each in just_before.layers] == [LayerVerdict.DECIDES]
    # 15:00 UTC is midnight in Tokyo, where BOB's day begins.
    assert [each.users for each in explain(tokyo, utc("2026-01-05 14:59")).layers] == [(ANN,)]
    assert [each.users for each in explain(tokyo, utc("2026-01-05 15:00")).layers] == [(BOB,)]


def test_in_the_hour_that_comes_twice_the_explanation_shows_what_the_clock_shows() -> None:
    second = explain(a_schedule(WEEKS), utc("2026-10-25 01:30")).local_time  # the second 02:30 in Berlin
    assert (second, second.fold) == (datetime.fromisoformat("2026-10-25 02:30"), 0)


def test_a_source_is_either_a_layer_or_an_override() -> None:
    for wrong in ({}, {"layer": 0, "override_id": OverrideId(UUID(int=1))}):
        with pytest.raises(InvalidValueError, match=r"^source: must be either"):
            Source(**wrong)  # type: ignore[arg-type]


# ---- what is asked


def test_an_instant_may_be_given_in_any_offset() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert on_call(a_schedule(WEEKS), datetime(2026, 1, 12, 16, 59, tzinfo=tokyo)) == (ANN,)
    assert on_call(a_schedule(WEEKS), datetime(2026, 1, 12, 17, 0, tzinfo=tokyo)) == (BOB,)


def test_a_time_that_is_no_supported_instant_is_refused() -> None:
    schedule = a_schedule(WEEKS)
    for wrong in (datetime.fromisoformat("2026-01-06"), datetime.max.replace(tzinfo=UTC)):
        for ask in (on_call, next_handoff, explain):
            with pytest.raises(InvalidValueError, match=r"^at: must be"):
                ask(schedule, wrong)
    with pytest.raises(InvalidValueError, match=r"^end: must be"):
        shifts(schedule, span("8999-01-01", "9999-01-01"))
    with pytest.raises(InvalidValueError, match=r"^start: must be"):
        gaps(schedule, span("0001-01-01", "2026-01-01"))


def test_the_ends_of_the_supported_years_have_an_answer_without_a_walk_over_the_turns_between() -> None:
    monthly = a_layer(ANN, BOB, starts="1900-01-31 00:00", unit=RotationUnit.MONTH, length=366)
    hourly = a_layer(
        ANN, BOB, starts="1900-01-01 00:00", unit=RotationUnit.HOUR, restrictions=every_day("08:00", "19:00")
    )
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        schedule = a_schedule(monthly, hourly, zone=zone)
        for at in ("1900-01-01 00:00", "8999-12-31 23:59"):
            assert on_call(schedule, utc(at)) in {(), (ANN,), (BOB,)}
        assert len(shifts(schedule, span("8999-12-30", "8999-12-31"))) > 2
