"""Somebody who follows another on call, to learn: worked examples, one a sentence of the rules."""

from datetime import datetime, timedelta

import pytest

from domain.oncall.coverage import on_call
from domain.oncall.override import OverrideKind
from domain.oncall.rotation import RotationUnit
from domain.oncall.shadowing import ShadowShift, shadow_shifts, shadows
from domain.shared.errors import InvalidValueError
from domain.shared.interval import Interval
from domain.shared.limits import SCHEDULE_LAYERS
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, a_schedule, a_shadow, an_override, every_day, utc

WEEKS = a_layer(ANN, (BOB, CYD), starts="2026-01-05 09:00", unit=RotationUnit.WEEK)
NIGHTS = a_layer(DEE, starts="2026-01-05 00:00", restrictions=every_day("22:00", "06:00"))
OF_ANN = a_shadow(1, EVE, "2026-01-06 00:00", "2026-01-20 00:00", follows=ANN)
OF_WEEKS = a_shadow(2, EVE, "2026-01-06 00:00", "2026-01-20 00:00", layer=0)
NOON = utc("2026-01-06 12:00")


def test_a_shadow_follows_a_user_while_they_are_on_call_in_its_time() -> None:
    schedule = a_schedule(WEEKS, NIGHTS, shadows=(OF_ANN,))
    assert [(each.shadow_id, each.user_id, each.follows) for each in shadows(schedule, NOON)] == [
        (OF_ANN.id, EVE, (ANN,))
    ]
    assert shadows(schedule, utc("2026-01-06 22:00")) == ()  # at night it is Dee
    assert shadows(schedule, utc("2026-01-05 12:00")) == ()
    assert shadows(schedule, utc("2026-01-13 12:00")) == ()
    short = a_shadow(1, EVE, "2026-01-06 10:00", "2026-01-06 12:00", follows=ANN)
    edges = [
        short.starts_at - timedelta.resolution,
        short.starts_at,
        short.ends_at - timedelta.resolution,
        short.ends_at,
    ]
    followed = [bool(shadows(a_schedule(WEEKS, shadows=(short,)), at)) for at in edges]
    assert followed == [False, True, True, False]


def test_a_shadow_of_a_layer_follows_all_who_are_on_call_by_it() -> None:
    schedule = a_schedule(WEEKS, NIGHTS, shadows=(OF_WEEKS,))
    assert [each.follows for each in shadows(schedule, utc("2026-01-13 12:00"))] == [(BOB, CYD)]
    assert shadows(schedule, utc("2026-01-13 22:00")) == ()


def test_a_shadow_of_a_layer_does_not_follow_who_stands_in() -> None:
    stand_in = an_override(1, DEE, "2026-01-06 00:00", "2026-01-07 00:00", replaces=ANN)
    assert shadows(a_schedule(WEEKS, overrides=(stand_in,), shadows=(OF_WEEKS,)), NOON) == ()


def test_a_shadow_does_not_change_who_is_on_call() -> None:
    assert on_call(a_schedule(WEEKS, shadows=(OF_ANN, OF_WEEKS)), NOON) == (ANN,)
    assert on_call(a_schedule(shadows=(OF_ANN,)), NOON) == ()


def test_one_who_is_on_call_is_no_shadow() -> None:
    both = a_schedule(a_layer((ANN, EVE), starts="2026-01-05"), shadows=(OF_ANN,))
    assert shadows(both, NOON) == ()


def test_a_shadow_has_shifts_where_the_one_they_follow_is_on_call_and_they_are_not() -> None:
    stands_in = an_override(1, EVE, "2026-01-06 10:00", "2026-01-06 12:00", kind=OverrideKind.ADD)
    schedule = a_schedule(WEEKS, NIGHTS, overrides=(stands_in,), shadows=(OF_ANN,))
    day = Interval(start=utc("2026-01-06 00:00"), end=utc("2026-01-07 00:00"))
    spans = [("2026-01-06 05:00", "2026-01-06 10:00"), ("2026-01-06 12:00", "2026-01-06 21:00")]
    assert shadow_shifts(schedule, day) == tuple(
        ShadowShift(shadow_id=OF_ANN.id, user_id=EVE, follows=ANN, interval=Interval(start=utc(starts), end=utc(ends)))
        for starts, ends in spans
    )


def test_a_shadow_of_a_layer_has_shifts_with_all_who_are_on_call_by_it() -> None:
    stands_in = an_override(1, ANN, "2026-01-13 10:00", "2026-01-13 12:00", replaces=BOB)
    schedule = a_schedule(WEEKS, overrides=(stands_in,), shadows=(OF_WEEKS,))
    day = Interval(start=utc("2026-01-13 09:00"), end=utc("2026-01-13 14:00"))
    before, after = (
        Interval(start=day.start, end=stands_in.starts_at),
        Interval(start=stands_in.ends_at, end=day.end),
    )
    assert [(each.follows, each.interval) for each in shadow_shifts(schedule, day)] == [
        (BOB, before),
        (CYD, day),
        (BOB, after),
    ]


def test_a_shadow_s_shift_is_not_cut_where_another_source_goes_on_with_the_one_they_follow() -> None:
    stays = an_override(1, ANN, "2026-01-06 10:00", "2026-01-06 12:00")  # for everyone, and so from another source
    schedule = a_schedule(WEEKS, overrides=(stays,), shadows=(OF_ANN,))
    day = Interval(start=utc("2026-01-06 08:00"), end=utc("2026-01-06 14:00"))
    assert [each.interval for each in shadow_shifts(schedule, day)] == [day]


def test_a_shadow_follows_either_a_user_or_a_layer_and_never_themselves() -> None:
    for wrong in ({}, {"follows": ANN, "layer": 0}):
        with pytest.raises(InvalidValueError, match=r"^follows: must be a user, or else a layer .* such as 0"):
            a_shadow(1, EVE, "2026-01-06 00:00", "2026-01-07 00:00", **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"^follows: must be someone else"):
        a_shadow(1, EVE, "2026-01-06 00:00", "2026-01-07 00:00", follows=EVE)
    for layer in (-1, SCHEDULE_LAYERS):
        with pytest.raises(InvalidValueError, match=r"^layer: must be from 0 to 19, such as 0"):
            a_shadow(1, EVE, "2026-01-06 00:00", "2026-01-07 00:00", layer=layer)
    with pytest.raises(InvalidValueError, match=r"^ends_at: must be after starts_at"):
        a_shadow(1, EVE, "2026-01-06 00:00", "2026-01-06 00:00", layer=0)


def test_a_time_that_is_no_instant_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"^at: must be"):
        shadows(a_schedule(WEEKS), datetime.fromisoformat("2026-01-06"))
