from datetime import UTC, datetime, time, timedelta

import pytest

from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import planned
from domain.shared.errors import InvalidValueError
from domain.shared.urgency import Urgency
from tests.support.builders import a_contact

NIGHT = QuietHours(starts=time(22), ends=time(7), time_zone="Europe/Berlin")
SIESTA = QuietHours(starts=time(12), ends=time(14), time_zone="Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-11-23 21:00", "2026-11-24 06:00"),  # 22:00 in Berlin: the first quiet instant
        ("2026-11-24 02:30", "2026-11-24 06:00"),
        ("2026-11-24 05:59", "2026-11-24 06:00"),
    ],
)
def test_quiet_hours_may_run_over_midnight(at: str, ends: str) -> None:
    assert NIGHT.end_after(utc(at)) == utc(ends)


@pytest.mark.parametrize("at", ["2026-11-23 20:59", "2026-11-24 06:00", "2026-11-24 12:00"])
def test_outside_of_them_there_is_no_end_to_wait_for(at: str) -> None:
    assert NIGHT.end_after(utc(at)) is None


def test_quiet_hours_may_lie_within_a_day() -> None:
    assert SIESTA.end_after(utc("2026-11-23 11:00")) == utc("2026-11-23 13:00")
    assert SIESTA.end_after(utc("2026-11-23 13:00")) is None


def test_an_end_that_is_skipped_comes_at_the_first_instant_after_the_skip() -> None:
    early = QuietHours(starts=time(22), ends=time(2, 30), time_zone="Europe/Berlin")
    assert early.end_after(utc("2026-03-29 00:00")) == utc("2026-03-29 01:00")


def test_what_is_of_low_urgency_waits_until_they_end_and_what_is_of_high_urgency_does_not() -> None:
    at = utc("2026-11-24 02:30")
    (low,) = planned((a_contact(),), (), urgency=Urgency.LOW, at=at, quiet_hours=NIGHT)
    (high,) = planned((a_contact(),), (), urgency=Urgency.HIGH, at=at, quiet_hours=NIGHT)
    assert (low.due_at, high.due_at) == (utc("2026-11-24 06:00"), at)


@pytest.mark.parametrize(
    ("starts", "ends", "time_zone", "field"),
    [
        (time(22), time(22), "UTC", "ends"),
        (time(22, tzinfo=UTC), time(7), "UTC", "starts"),
        (time(22), time(7, 0, 0, 1), "UTC", "ends"),
        (time(22), time(7), "Mars/Olympus", "time_zone"),
    ],
)
def test_impossible_quiet_hours_are_refused_with_their_field(
    starts: time, ends: time, time_zone: str, field: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        QuietHours(starts=starts, ends=ends, time_zone=time_zone)
    assert refused.value.field == field


def test_they_end_within_a_day() -> None:
    end = NIGHT.end_after(utc("2026-11-23 21:00"))
    assert end is not None
    assert end - utc("2026-11-23 21:00") < timedelta(days=1)


def test_impossible_quiet_hours_are_told_what_would_do() -> None:
    with pytest.raises(InvalidValueError, match="starts: must be a local time of whole seconds, such as 22:00"):
        QuietHours(starts=time(22, 0, 0, 1), ends=time(7), time_zone="UTC")
    with pytest.raises(InvalidValueError, match="ends: must not be the same as starts; leave both out to have no"):
        QuietHours(starts=time(7), ends=time(7), time_zone="UTC")
