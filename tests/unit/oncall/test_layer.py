"""A rotation limited to hours of the week."""

import copy
import pickle
from dataclasses import asdict, replace
from datetime import UTC, datetime, time

import pytest

from domain.oncall.layer import Layer
from domain.oncall.rotation import RotationUnit
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import LAYER_RESTRICTIONS, NAME_CHARACTERS
from domain.shared.local_time import to_local_seconds
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.oncall import ANN, BOB, CYD, a_layer, every_day, weekly

OFFICE = tuple(weekly(f"{day} 09:00", f"{day} 17:00") for day in tuple(Weekday)[:5])


def on_duty(layer: Layer, local: str) -> tuple[UserId, ...]:
    return layer.on_duty(to_local_seconds(datetime.fromisoformat(local)))


def test_without_restrictions_someone_is_always_on_duty_from_the_start_on() -> None:
    layer = a_layer(ANN, starts="2026-01-05 09:00")
    assert on_duty(layer, "2026-01-05 08:59:59") == ()
    assert on_duty(layer, "2026-01-05 09:00") == (ANN,)
    assert on_duty(layer, "2031-06-01 03:00") == (ANN,)


def test_several_users_of_one_turn_are_on_duty_together() -> None:
    assert on_duty(a_layer((BOB, ANN), CYD, starts="2026-01-05"), "2026-01-05 12:00") == (BOB, ANN)


def test_outside_its_windows_nobody_is_on_duty() -> None:
    layer = a_layer(ANN, starts="2026-01-05", restrictions=OFFICE)
    assert on_duty(layer, "2026-01-09 08:59:59") == ()
    assert on_duty(layer, "2026-01-09 09:00") == (ANN,)
    assert on_duty(layer, "2026-01-09 16:59:59") == (ANN,)
    assert on_duty(layer, "2026-01-09 17:00") == ()
    assert on_duty(layer, "2026-01-10 12:00") == ()


def test_a_window_may_run_over_midnight_and_over_the_end_of_the_week() -> None:
    layer = a_layer(ANN, starts="2026-01-01", restrictions=(weekly("friday 17:00", "monday 09:00"),))
    for covered in (
        "2026-01-09 17:00",
        "2026-01-10 00:00",
        "2026-01-11 23:59:59",
        "2026-01-12 00:00",
        "2026-01-12 08:59",
    ):
        assert on_duty(layer, covered) == (ANN,), covered
    for closed in ("2026-01-09 16:59:59", "2026-01-12 09:00", "2026-01-14 12:00"):
        assert on_duty(layer, closed) == (), closed


def test_a_window_that_ends_where_it_starts_is_the_whole_week() -> None:
    layer = a_layer(ANN, starts="2026-01-01", restrictions=(weekly("friday 17:00", "friday 17:00"),))
    for covered in ("2026-01-09 16:59:59", "2026-01-09 17:00", "2026-01-12 00:00"):
        assert on_duty(layer, covered) == (ANN,)


def test_windows_that_overlap_or_touch_are_one() -> None:
    apart = (weekly("monday 09:00", "monday 12:00"), weekly("monday 12:00", "monday 14:00"), weekly("monday 10:00", "monday 11:00"))  # noqa: E501  # fmt: skip
    layer = a_layer(ANN, starts="2026-01-05", unit=RotationUnit.WEEK, restrictions=apart)
    monday = to_local_seconds(datetime.fromisoformat("2026-01-05"))
    assert [(duty.starts - monday, duty.ends - monday) for duty in layer.duties(monday, monday + 86400)] == [
        (9 * 3600, 14 * 3600)
    ]


def test_a_turn_without_open_hours_uses_up_nobody() -> None:
    """Turns of a day in office hours: Friday the 9th is Bob's, so Monday the 12th is Cyd's, who is next."""
    layer = a_layer(ANN, BOB, CYD, starts="2026-01-05", restrictions=OFFICE)
    days = [f"2026-01-{day:02} 12:00" for day in (5, 6, 7, 8, 9, 10, 11, 12, 13)]
    assert [on_duty(layer, day) for day in days] == [(ANN,), (BOB,), (CYD,), (ANN,), (BOB,), (), (), (CYD,), (ANN,)]


def test_nobody_meets_closed_hours_only() -> None:
    """Twelve-hour turns of two, open at night: without counting active turns Bob would have all the nights."""
    nights = a_layer(ANN, BOB, starts="2026-01-05 08:00", unit=RotationUnit.HOUR, length=12, restrictions=every_day("20:00", "08:00"))  # noqa: E501  # fmt: skip
    assert [on_duty(nights, f"2026-01-{day:02} 23:00") for day in (5, 6, 7)] == [(ANN,), (BOB,), (ANN,)]


def test_a_turn_with_only_a_moment_of_open_hours_counts() -> None:
    window = (WeeklyWindow(starts_on=Weekday.MONDAY, starts_at=time(23, 59, 59), ends_on=Weekday.TUESDAY, ends_at=time(12)),)  # noqa: E501  # fmt: skip
    layer = a_layer(ANN, BOB, CYD, starts="2026-01-05", restrictions=window)
    assert on_duty(layer, "2026-01-05 23:59:59") == (ANN,)
    assert on_duty(layer, "2026-01-06 11:00") == (BOB,)
    assert on_duty(layer, "2026-01-12 23:59:59") == (CYD,)


def test_a_turn_that_runs_over_the_end_of_the_week_counts_for_the_hours_of_monday() -> None:
    """Days from noon, open on Monday mornings only: each Monday ends the one active turn of its week."""
    layer = a_layer(ANN, BOB, CYD, starts="2026-01-04 12:00", restrictions=(weekly("monday 08:00", "monday 10:00"),))
    mondays = [f"2026-01-{day:02} 09:00" for day in (5, 12, 19, 26)]
    assert [on_duty(layer, monday) for monday in mondays] == [(ANN,), (BOB,), (CYD,), (ANN,)]


def test_windows_do_not_move_handoffs() -> None:
    layer = a_layer(ANN, BOB, starts="2026-01-05 13:00", restrictions=OFFICE)
    assert on_duty(layer, "2026-01-06 12:59:59") == (ANN,)
    assert on_duty(layer, "2026-01-06 13:00") == (BOB,)


def test_what_it_remembers_is_neither_compared_nor_stored() -> None:
    asked, fresh = (a_layer(ANN, BOB, starts="2026-01-05", restrictions=OFFICE) for _ in range(2))
    expected = on_duty(asked, "2026-01-06 12:00")
    assert asked == fresh
    assert repr(asked) == repr(fresh)
    assert set(asdict(asked)) == {"name", "rotation", "restrictions", "until"}
    for twin in (copy.copy(asked), copy.deepcopy(asked), pickle.loads(pickle.dumps(asked)), replace(asked)):  # noqa: S301
        assert twin == asked
        assert on_duty(twin, "2026-01-06 12:00") == expected == (BOB,)


def test_a_copy_with_other_hours_forgets_the_old_ones() -> None:
    layer = a_layer(ANN, starts="2026-01-05", restrictions=OFFICE)
    assert on_duty(layer, "2026-01-10 12:00") == ()
    assert on_duty(replace(layer, restrictions=()), "2026-01-10 12:00") == (ANN,)


def test_a_value_outside_its_limit_is_refused_with_its_field() -> None:
    good = a_layer(ANN, starts="2026-01-05")
    windows = (OFFICE[0],) * LAYER_RESTRICTIONS
    assert replace(good, restrictions=windows, name="x" * NAME_CHARACTERS).restrictions == windows
    with pytest.raises(InvalidValueError, match=r"^restrictions: must be at most 50"):
        replace(good, restrictions=(*windows, OFFICE[1]))
    with pytest.raises(InvalidValueError, match=r"^name: must be at most 120"):
        replace(good, name="x" * (NAME_CHARACTERS + 1))
    with pytest.raises(InvalidValueError, match=r"^until: must be an instant in UTC"):
        replace(good, until=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("wrong", [time(9, tzinfo=UTC), time(9, microsecond=1)])
def test_a_time_of_a_window_is_local_and_of_whole_seconds(wrong: time) -> None:
    with pytest.raises(InvalidValueError, match=r"^starts_at: must be"):
        replace(OFFICE[0], starts_at=wrong)
    with pytest.raises(InvalidValueError, match=r"^ends_at: must be"):
        replace(OFFICE[0], ends_at=wrong)
