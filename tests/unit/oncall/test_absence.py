"""Time off: what of it nobody covers, and who could."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.oncall.absence import (
    ABSENCE_MAX,
    LOAD_WINDOW,
    Absence,
    Candidate,
    Uncovered,
    load_window,
    propose_cover,
    uncovered,
)
from domain.oncall.coverage import shifts
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import AbsenceId, ScheduleId, UserId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, a_schedule, an_override, every_day, utc

AWAY = AbsenceId(UUID(int=7))
DAILY = a_schedule(a_layer(ANN, BOB, CYD, starts="2026-11-23 09:00"))  # a day each from 08:00 UTC
OTHER = ScheduleId(UUID(int=101))


def a_span(start: str, end: str) -> Interval:
    return Interval(start=utc(f"2026-11-{start}"), end=utc(f"2026-11-{end}"))


def an_absence(start: str, end: str, user_id: UserId = ANN) -> Absence:
    return Absence(id=AWAY, user_id=user_id, interval=a_span(start, end))


def found(absence: Absence, *overrides: Override) -> list[Interval]:
    schedule = a_schedule(*DAILY.layers, overrides=overrides)
    return [each.interval for each in uncovered(absence, {schedule.id: shifts(schedule, absence.interval)})]


def test_uncovered_is_exactly_when_the_absent_person_is_on_call() -> None:
    assert found(an_absence("22 00:00", "29 12:00")) == [
        a_span("23 08:00", "24 08:00"),
        a_span("26 08:00", "27 08:00"),
        a_span("29 08:00", "29 12:00"),
    ]
    assert found(an_absence("24 08:00", "26 08:00")) == []


def test_time_that_somebody_stands_in_for_is_covered() -> None:
    override = an_override(1, DEE, "2026-11-26 10:00", "2026-11-26 12:00", replaces=ANN)
    assert found(an_absence("25 00:00", "27 00:00"), override) == [
        a_span("26 08:00", "26 10:00"),
        a_span("26 12:00", "27 00:00"),
    ]


def test_standing_in_for_somebody_is_time_on_call_too() -> None:
    override = an_override(1, ANN, "2026-11-24 10:00", "2026-11-24 12:00", replaces=BOB)
    assert found(an_absence("24 08:00", "26 08:00"), override) == [a_span("24 10:00", "24 12:00")]


def test_shifts_without_a_break_between_them_are_one_interval() -> None:
    override = an_override(1, ANN, "2026-11-24 08:00", "2026-11-25 08:00", replaces=BOB)
    assert found(an_absence("23 00:00", "26 00:00"), override) == [a_span("23 08:00", "25 08:00")]


def test_uncovered_time_of_several_schedules_is_in_order() -> None:
    absence = an_absence("26 00:00", "27 00:00")
    day = shifts(DAILY, absence.interval)
    both = uncovered(absence, {OTHER: day, DAILY.id: day})
    assert both == (
        Uncovered(AWAY, ANN, DAILY.id, a_span("26 08:00", "27 00:00")),
        Uncovered(AWAY, ANN, OTHER, a_span("26 08:00", "27 00:00")),
    )


def proposed(
    wanted: Interval, *, schedule: Schedule = DAILY, absences: Iterable[Absence] = (), most: int = 5
) -> tuple[Candidate, ...]:
    return propose_cover(
        Uncovered(AWAY, ANN, schedule.id, wanted),
        people=schedule.people,
        shifts=shifts(schedule, load_window(wanted)),
        absences=tuple(absences),
        most=most,
    )


# EVE is on call for two hours of each day and for nothing else; DEE is a participant whose layer never decides.
MIXED = a_schedule(
    a_layer(DEE, starts="2026-01-01 09:00"),
    a_layer(ANN, BOB, CYD, starts="2026-11-09 09:00"),
    a_layer(EVE, starts="2026-11-09 09:00", restrictions=every_day("13:00", "15:00")),
)


def test_the_least_loaded_are_proposed_first_and_equals_by_their_ids() -> None:
    wanted = Interval(start=utc("2026-12-09 08:00"), end=utc("2026-12-09 12:00"))  # ANN's morning
    candidates = proposed(wanted, schedule=MIXED)
    assert [each.user_id for each in candidates] == [DEE, EVE, CYD, BOB]
    loads = [each.load for each in candidates]
    assert loads[0] == timedelta(0)
    assert loads[1] == 2 * LOAD_WINDOW // timedelta(days=1) * timedelta(hours=2)
    assert loads == sorted(loads)
    assert proposed(wanted, schedule=MIXED, most=2) == candidates[:2]


def test_only_time_on_call_around_it_is_load() -> None:
    wanted = a_span("26 08:00", "27 08:00")
    year = Interval(start=utc("2026-06-01 00:00"), end=utc("2027-06-01 00:00"))
    uncovered_day = Uncovered(AWAY, ANN, DAILY.id, wanted)
    everyone = DAILY.people
    of_a_year = propose_cover(uncovered_day, people=everyone, shifts=shifts(DAILY, year), absences=())
    assert of_a_year == proposed(wanted)


def test_nobody_is_proposed_who_is_on_call_or_away_in_any_part_of_it() -> None:
    wanted = a_span("26 08:00", "27 09:00")  # BOB takes over at its end
    assert [each.user_id for each in proposed(wanted)] == [CYD]
    away = an_absence("27 08:59", "28 00:00", CYD)
    assert proposed(wanted, absences=[away]) == ()
    later = an_absence("27 09:00", "28 00:00", CYD)
    assert [each.user_id for each in proposed(wanted, absences=[later])] == [CYD]


def test_time_off_has_limits() -> None:
    whole = Interval(start=utc("2026-01-01 00:00"), end=utc("2026-01-01 00:00") + ABSENCE_MAX)
    assert Absence(id=AWAY, user_id=ANN, interval=whole).interval == whole
    with pytest.raises(InvalidValueError, match=r"^ends_at: must be at most 366 days after"):
        Absence(id=AWAY, user_id=ANN, interval=Interval(start=whole.start, end=whole.end + timedelta.resolution))
    with pytest.raises(InvalidValueError, match=r"^reason: has 1001 characters"):
        Absence(id=AWAY, user_id=ANN, interval=whole, reason="x" * 1001)
