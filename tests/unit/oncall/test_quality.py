from datetime import timedelta
from fractions import Fraction

import pytest

from domain.oncall.coverage import Handoff, shifts
from domain.oncall.quality import (
    Finding,
    FindingKind,
    QualityLimits,
    Stretch,
    handoffs,
    overlaps,
    quality,
    stretches,
)
from domain.oncall.rotation import RotationUnit
from domain.shared.errors import InvalidValueError
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, a_layer, a_schedule, an_override, every_day, utc, weekly

HOUR = timedelta(hours=1)
LIMITS = QualityLimits()


def between(start: str, end: str) -> Interval:
    return Interval(start=utc(start), end=utc(end))


WEEK = between("2026-01-11 23:00", "2026-01-18 23:00")  # Monday to Monday in Berlin
WEEKLY = a_schedule(a_layer(ANN, BOB, starts="2026-01-12 00:00", unit=RotationUnit.WEEK))


def test_a_covered_schedule_with_weekly_turns_has_nothing_to_mend() -> None:
    year = between("2026-01-12 00:00", "2027-01-12 00:00")
    report = quality(WEEKLY, year, LIMITS)
    assert not report.findings
    assert report.gap_share == 0
    # The longest week is the one in which the clock is set back.
    assert report.longest == Stretch(ANN, between("2026-10-18 22:00", "2026-10-25 23:00"))


def test_gaps_are_found_with_their_exact_interval_and_their_share_of_the_time() -> None:
    schedule = a_schedule(
        a_layer(ANN, starts="2026-01-01 00:00", restrictions=(weekly("monday 00:00", "sunday 12:00"),))
    )
    report = quality(schedule, WEEK, QualityLimits(rest=0 * HOUR))
    gap = between("2026-01-18 11:00", "2026-01-18 23:00")
    assert report.findings == (Finding(kind=FindingKind.GAP, interval=gap),)
    assert (report.gap_time, report.gap_share) == (12 * HOUR, Fraction(1, 14))
    assert (report.count(FindingKind.GAP), report.count(FindingKind.OVERLAP)) == (1, 0)


def test_an_empty_schedule_is_one_gap() -> None:
    report = quality(a_schedule(), WEEK, LIMITS)
    assert report.findings == (Finding(kind=FindingKind.GAP, interval=WEEK),)
    assert report.gap_share == 1
    assert report.longest is None


def test_two_at_once_where_one_is_meant_overlap_and_where_two_are_meant_do_not() -> None:
    schedule = a_schedule(a_layer((ANN, BOB), CYD, starts="2026-01-12 00:00"))
    days = between("2026-01-11 23:00", "2026-01-14 11:00")
    together = (between("2026-01-11 23:00", "2026-01-12 23:00"), between("2026-01-13 23:00", "2026-01-14 11:00"))
    found = overlaps(shifts(schedule, days))
    assert found == tuple(Finding(kind=FindingKind.OVERLAP, interval=each, user_ids=(ANN, BOB)) for each in together)
    assert overlaps(shifts(schedule, days), people=2) == ()
    report = quality(schedule, days, QualityLimits(rest=0 * HOUR))
    assert report.findings == found
    assert quality(schedule, days, QualityLimits(people=2, rest=0 * HOUR)).findings == ()


def test_an_overlap_is_cut_where_one_of_those_in_it_changes_and_nowhere_else() -> None:
    schedule = a_schedule(
        a_layer((ANN, BOB), starts="2026-01-01 00:00"),
        # BOB goes on from another source: the same two are on call.
        a_layer((ANN, BOB), starts="2026-01-12 12:00"),
        overrides=(an_override(1, CYD, "2026-01-12 14:00", "2026-01-12 16:00", replaces=BOB),),
    )
    found = overlaps(shifts(schedule, between("2026-01-12 10:00", "2026-01-12 18:00")))
    assert [(each.interval, each.user_ids) for each in found] == [
        (between("2026-01-12 10:00", "2026-01-12 14:00"), (ANN, BOB)),
        (between("2026-01-12 14:00", "2026-01-12 16:00"), (ANN, CYD)),
        (between("2026-01-12 16:00", "2026-01-12 18:00"), (ANN, BOB)),
    ]


def test_shifts_that_follow_each_other_at_once_are_one_stretch() -> None:
    schedule = a_schedule(
        a_layer(ANN, BOB, starts="2026-01-12 00:00"),
        overrides=(an_override(1, ANN, "2026-01-12 23:00", "2026-01-13 05:00", replaces=BOB),),
    )
    days = between("2026-01-11 23:00", "2026-01-13 23:00")
    assert stretches(shifts(schedule, days)) == (
        Stretch(ANN, between("2026-01-11 23:00", "2026-01-13 05:00")),
        Stretch(BOB, between("2026-01-13 05:00", "2026-01-13 23:00")),
    )


def test_a_stretch_longer_than_the_limit_is_found_and_one_as_long_is_not() -> None:
    two_weeks = between("2026-01-11 23:00", "2026-01-25 23:00")
    week = 7 * 24 * HOUR
    assert quality(WEEKLY, two_weeks, QualityLimits(stretch=week)).findings == ()
    found = quality(WEEKLY, two_weeks, QualityLimits(stretch=week - timedelta(seconds=1))).findings
    assert found == (
        Finding(kind=FindingKind.LONG_STRETCH, interval=WEEK, user_ids=(ANN,)),
        Finding(
            kind=FindingKind.LONG_STRETCH, interval=between("2026-01-18 23:00", "2026-01-25 23:00"), user_ids=(BOB,)
        ),
    )


def test_too_little_rest_between_two_stretches_is_back_to_back_and_the_finding_is_the_rest() -> None:
    by_day = a_schedule(
        a_layer(BOB, starts="2026-01-01 00:00"),
        a_layer(ANN, starts="2026-01-01 00:00", restrictions=every_day("07:00", "21:00")),
    )
    days = between("2026-01-12 00:00", "2026-01-14 00:00")
    rest = between("2026-01-12 20:00", "2026-01-13 06:00")  # 10 hours
    (found,) = [each for each in quality(by_day, days, QualityLimits(rest=11 * HOUR)).findings if ANN in each.user_ids]
    assert found == Finding(kind=FindingKind.BACK_TO_BACK, interval=rest, user_ids=(ANN,))
    assert not [each for each in quality(by_day, days, QualityLimits(rest=10 * HOUR)).findings if ANN in each.user_ids]


@pytest.mark.parametrize(
    ("field", "wrong", "reason"),
    [
        ("people", 0, "must be from 1 to 10"),
        ("people", 11, "must be from 1 to 10"),
        ("stretch", 59 * timedelta(minutes=1), "must be from 1 hour to 366 days"),
        ("stretch", timedelta(days=367), "must be from 1 hour to 366 days"),
        ("rest", timedelta(seconds=-1), "must be from 0 hours to 14 days"),
        ("rest", timedelta(days=15), "must be from 0 hours to 14 days"),
    ],
)
def test_limits_have_limits(field: str, wrong: object, reason: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        QualityLimits(**{field: wrong})  # type: ignore[arg-type]  # one of each kind
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_limits_may_be_as_narrow_and_as_wide_as_they_say() -> None:
    QualityLimits(people=1, stretch=HOUR, rest=0 * HOUR)
    QualityLimits(people=10, stretch=timedelta(days=366), rest=timedelta(days=14))


def test_handoffs_name_those_before_and_after_and_one_at_the_start_is_among_them() -> None:
    schedule = a_schedule(
        a_layer(ANN, BOB, starts="2026-01-12 00:00", until="2026-01-14 12:00"),
        overrides=(an_override(1, ANN, "2026-01-12 20:00", "2026-01-13 01:00", replaces=BOB),),
    )
    days = between("2026-01-11 23:00", "2026-01-14 23:00")
    found = (
        Handoff(at=days.start, before=(), after=(ANN,)),
        Handoff(at=utc("2026-01-13 01:00"), before=(ANN,), after=(BOB,)),
        Handoff(at=utc("2026-01-13 23:00"), before=(BOB,), after=(ANN,)),
        Handoff(at=utc("2026-01-14 12:00"), before=(ANN,), after=()),
    )
    assert handoffs(schedule, days) == found
    assert handoffs(schedule, Interval(start=days.start, end=utc("2026-01-13 23:00"))) == found[:2]
    assert handoffs(schedule, Interval(start=utc("2026-01-13 23:00"), end=days.end)) == found[2:]


def test_a_schedule_that_never_changes_has_no_handoff() -> None:
    assert handoffs(a_schedule(a_layer(ANN, starts="2026-01-01 00:00")), WEEK) == ()
    assert handoffs(a_schedule(), WEEK) == ()
