from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from domain.oncall.coverage import shifts
from domain.oncall.load import Fairness, Load, fairness, loads, nights, participants_of, weekends
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, DEE, a_layer, a_schedule, an_override, every_day, utc

BERLIN, NEW_YORK, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")
HOUR = timedelta(hours=1)


def between(start: str, end: str) -> Interval:
    return Interval(start=utc(start), end=utc(end))


def loads_of(
    schedule: Schedule,
    interval: Interval,
    zones: Mapping[UserId, ZoneInfo],
    *,
    holidays: Sequence[date] = (),
    pages: Mapping[UserId, Sequence[datetime]] | None = None,
) -> dict[UserId, Load]:
    found = loads(
        shifts(schedule, interval),
        zones=zones,
        holidays={user_id: frozenset(holidays) for user_id in zones},
        pages=pages,
    )
    return {load.user_id: load for load in found}


ALWAYS_ANN = a_schedule(a_layer(ANN, starts="2026-01-01 00:00"))
A_WINTER_DAY = between("2026-01-14 11:00", "2026-01-15 11:00")  # noon to noon in Berlin, a Wednesday and a Thursday


def test_a_day_on_call_has_nine_hours_of_night() -> None:
    load = loads_of(ALWAYS_ANN, A_WINTER_DAY, {ANN: BERLIN})[ANN]
    assert load == Load(user_id=ANN, total=24 * HOUR, nights=9 * HOUR)


def test_a_holiday_is_the_person_s_own() -> None:
    both = a_schedule(a_layer((ANN, BOB), starts="2026-01-01 00:00"))
    epiphany = date(2026, 1, 6)  # a holiday in Bavaria, and not in Berlin
    interval = between("2026-01-05 00:00", "2026-01-08 00:00")
    zones = {ANN: BERLIN, BOB: BERLIN}
    ann, bob = loads(shifts(both, interval), zones=zones, holidays={ANN: frozenset({epiphany})})
    assert (ann.holidays, bob.holidays, bob.total) == (24 * HOUR, 0 * HOUR, ann.total)


def test_a_night_is_the_person_s_own_whatever_the_zone_of_the_schedule() -> None:
    by_day = a_schedule(a_layer(ANN, starts="2026-01-01 00:00", restrictions=every_day("09:00", "17:00")))
    day = between("2026-01-14 00:00", "2026-01-15 00:00")
    assert loads_of(by_day, day, {ANN: BERLIN})[ANN].nights == 0 * HOUR
    # 09:00 to 17:00 in Berlin is 21:00 to 05:00 in Auckland.
    assert loads_of(by_day, day, {ANN: AUCKLAND})[ANN].nights == 7 * HOUR
    # and 03:00 to 11:00 in New York
    assert loads_of(by_day, day, {ANN: NEW_YORK})[ANN].nights == 4 * HOUR


@pytest.mark.parametrize(
    ("evening", "hours"),
    [("2026-03-27 12:00", 9), ("2026-03-28 12:00", 8), ("2026-10-24 12:00", 10), ("2026-10-25 12:00", 9)],
)
def test_a_night_is_an_hour_shorter_or_longer_when_the_clock_changes_in_it(evening: str, hours: int) -> None:
    day = Interval(start=utc(evening), end=utc(evening) + 24 * HOUR)
    assert loads_of(ALWAYS_ANN, day, {ANN: BERLIN})[ANN].nights == hours * HOUR


def test_where_the_clock_changes_by_half_an_hour_so_does_the_night() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    spring = between("2026-10-03 03:00", "2026-10-04 03:00")
    assert loads_of(ALWAYS_ANN, spring, {ANN: lord_howe})[ANN].nights == 8.5 * HOUR


def test_a_local_day_that_was_skipped_counts_as_nothing() -> None:
    apia = ZoneInfo("Pacific/Apia")
    ann = a_schedule(a_layer(ANN, starts="2011-01-01 00:00"))
    week = between("2011-12-29 10:00", "2011-12-31 10:00")  # 29 December 00:00 to 1 January 00:00, without the 30th
    load = loads_of(ann, week, {ANN: apia}, holidays=[date(2011, 12, 30)])[ANN]
    assert (load.total, load.holidays, load.weekends) == (48 * HOUR, 0 * HOUR, 24 * HOUR)
    # 00:00 to 07:00 and from 22:00 on the 29th; the same on the 31st
    assert load.nights == 18 * HOUR


def test_a_weekend_is_saturday_and_sunday_of_the_person_s_own_zone() -> None:
    week = between("2026-01-12 00:00", "2026-01-19 00:00")
    assert loads_of(ALWAYS_ANN, week, {ANN: BERLIN})[ANN].weekends == 48 * HOUR
    (weekend,) = weekends(week, AUCKLAND)
    assert weekend == between("2026-01-16 11:00", "2026-01-18 11:00")


def test_a_weekend_is_an_hour_shorter_or_longer_when_the_clock_changes_in_it() -> None:
    spring = between("2026-03-23 00:00", "2026-03-30 12:00")
    autumn = between("2026-10-19 00:00", "2026-10-26 12:00")
    assert loads_of(ALWAYS_ANN, spring, {ANN: BERLIN})[ANN].weekends == 47 * HOUR
    assert loads_of(ALWAYS_ANN, autumn, {ANN: BERLIN})[ANN].weekends == 49 * HOUR


def test_a_holiday_is_the_whole_local_day() -> None:
    days = between("2026-12-23 12:00", "2026-12-28 12:00")
    christmas = [date(2026, 12, 25), date(2026, 12, 26)]
    assert loads_of(ALWAYS_ANN, days, {ANN: BERLIN}, holidays=christmas)[ANN].holidays == 48 * HOUR
    part = between("2026-12-25 20:00", "2026-12-25 23:30")  # up to half an hour past midnight in Berlin
    assert loads_of(ALWAYS_ANN, part, {ANN: BERLIN}, holidays=christmas[:1])[ANN].holidays == 3 * HOUR


def test_a_page_counts_for_whoever_it_reached_during_a_shift() -> None:
    schedule = a_schedule(a_layer(ANN, BOB, starts="2026-01-12 09:00"))  # BOB from the 13th
    days = between("2026-01-12 08:00", "2026-01-14 08:00")
    noon = utc("2026-01-12 12:00")
    found = loads_of(schedule, days, {ANN: BERLIN, BOB: BERLIN}, pages={ANN: [noon, noon + 24 * HOUR], BOB: [noon]})
    assert (found[ANN].pages, found[BOB].pages) == (1, 0)


def test_a_page_in_a_night_interrupts_it_and_more_of_them_interrupt_it_once() -> None:
    pages = [utc(f"2026-01-{at}") for at in ("14 20:59", "14 21:00", "15 01:30", "15 01:31", "15 05:59", "15 06:00")]
    load = loads_of(ALWAYS_ANN, A_WINTER_DAY, {ANN: BERLIN}, pages={ANN: pages})[ANN]
    assert (load.pages, load.night_pages, load.interrupted_nights) == (6, 4, 1)
    far_away = loads_of(ALWAYS_ANN, A_WINTER_DAY, {ANN: AUCKLAND}, pages={ANN: pages})[ANN]
    assert (far_away.pages, far_away.night_pages) == (6, 0)


def test_whoever_shares_a_schedule_is_in_the_report_without_a_shift_too() -> None:
    schedule = a_schedule(
        a_layer(ANN, BOB, starts="2026-01-12 09:00", until="2026-02-01 00:00"),
        a_layer(DEE, starts="2026-03-01 09:00"),
        overrides=(an_override(1, CYD, "2026-01-12 12:00", "2026-01-12 13:00"),),
    )
    day = between("2026-01-12 08:00", "2026-01-13 08:00")
    assert participants_of(schedule, day, shifts(schedule, day)) == (ANN, BOB, CYD)
    later = between("2026-02-01 00:00", "2026-02-02 00:00")
    assert participants_of(schedule, later, shifts(schedule, later)) == ()
    until_it_starts = between("2026-02-28 00:00", "2026-03-01 08:00")
    assert participants_of(schedule, until_it_starts, shifts(schedule, until_it_starts)) == ()
    found = loads_of(schedule, day, dict.fromkeys((ANN, BOB, CYD), BERLIN))
    assert [found[each].total for each in (ANN, BOB, CYD)] == [23 * HOUR, 0 * HOUR, HOUR]


def test_fairness_is_each_one_s_part_against_the_mean() -> None:
    found = (
        Load(user_id=ANN, total=30 * HOUR, nights=9 * HOUR),
        Load(user_id=BOB, total=10 * HOUR),
        Load(user_id=CYD, total=5 * HOUR),
    )
    assert fairness(found) == (
        Fairness(Fraction(2), Fraction(3), None, None),
        Fairness(Fraction(2, 3), Fraction(0), None, None),
        Fairness(Fraction(1, 3), Fraction(0), None, None),
    )
    off = (
        Load(user_id=ANN, weekends=6 * HOUR, holidays=HOUR),
        Load(user_id=BOB, weekends=2 * HOUR, holidays=3 * HOUR),
    )
    assert fairness(off) == (
        Fairness(None, None, Fraction(3, 2), Fraction(1, 2)),
        Fairness(None, None, Fraction(1, 2), Fraction(3, 2)),
    )


def test_nobody_s_load_is_unfair_to_nobody() -> None:
    assert fairness(()) == ()
    assert loads((), zones={}) == ()
    assert fairness(loads((), zones={ANN: BERLIN})) == (Fairness(None, None, None, None),)


def test_everyone_with_a_shift_needs_a_zone() -> None:
    with pytest.raises(InvalidValueError, match=r"^zones: must have the zone of user"):
        loads(shifts(ALWAYS_ANN, A_WINTER_DAY), zones={BOB: BERLIN})


def test_the_nights_of_an_interval_are_whole() -> None:
    minute = between("2026-01-15 05:59", "2026-01-15 06:00")
    assert nights(minute, BERLIN) == (between("2026-01-14 21:00", "2026-01-15 06:00"),)
    assert nights(between("2026-01-15 06:00", "2026-01-15 21:00"), BERLIN) == ()
