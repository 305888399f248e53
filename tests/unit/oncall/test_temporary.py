"""A schedule for a while, in place of the layers: worked examples, one a sentence of the rules."""

from dataclasses import replace

import pytest

from domain.oncall.coverage import LayerVerdict, Source, TemporaryExplanation, explain, gaps, on_call, shifts
from domain.oncall.override import OverrideKind
from domain.shared.errors import InvalidValueError
from domain.shared.interval import Interval
from domain.shared.limits import TEMPORARY_SHIFTS
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, a_schedule, a_temporary, an_override, utc

DAILY = a_layer(ANN, starts="2026-01-01")
FAIR = a_temporary(
    7,
    "2026-01-06 08:00",
    "2026-01-06 20:00",
    (BOB, "2026-01-06 08:00", "2026-01-06 14:00"),
    (CYD, "2026-01-06 12:00", "2026-01-06 18:00"),
)
DAY = Interval(start=utc("2026-01-06 00:00"), end=utc("2026-01-07 00:00"))


def span(start: str, end: str) -> Interval:
    return Interval(start=utc(f"2026-01-06 {start}"), end=utc(f"2026-01-06 {end}"))


def test_during_a_temporary_schedule_its_shifts_take_the_place_of_the_layers() -> None:
    schedule = a_schedule(DAILY, temporaries=(FAIR,))
    source = Source(temporary_id=FAIR.id)
    assert [(shift.user_id, shift.interval, shift.source) for shift in shifts(schedule, DAY)] == [
        (ANN, span("00:00", "08:00"), Source(layer=0)),
        (BOB, span("08:00", "14:00"), source),
        (CYD, span("12:00", "18:00"), source),
        (ANN, Interval(start=utc("2026-01-06 20:00"), end=DAY.end), Source(layer=0)),
    ]
    assert on_call(schedule, utc("2026-01-06 13:00")) == (BOB, CYD)


def test_where_a_temporary_schedule_has_no_shift_is_a_gap() -> None:
    schedule = a_schedule(DAILY, temporaries=(FAIR,))
    assert gaps(schedule, DAY) == (span("18:00", "20:00"),)
    assert on_call(schedule, utc("2026-01-06 19:00")) == ()


def test_one_without_shifts_is_a_gap_from_end_to_end() -> None:
    closed = a_temporary(1, "2026-01-06 08:00", "2026-01-06 20:00")
    assert gaps(a_schedule(DAILY, temporaries=(closed,)), DAY) == (span("08:00", "20:00"),)


def test_where_one_that_is_a_layer_has_no_shift_the_other_layers_decide() -> None:
    schedule = a_schedule(DAILY, temporaries=(replace(FAIR, is_layer=True),))
    assert gaps(schedule, DAY) == ()
    found = [(shift.user_id, shift.interval, shift.source) for shift in shifts(schedule, DAY)]
    assert found[-1] == (ANN, Interval(start=utc("2026-01-06 18:00"), end=DAY.end), Source(layer=0))
    assert (on_call(schedule, utc("2026-01-06 13:00")), on_call(schedule, utc("2026-01-06 19:00"))) == (
        (BOB, CYD),
        (ANN,),
    )
    told = explain(schedule, utc("2026-01-06 19:00"))
    assert told.temporary == TemporaryExplanation(temporary_id=FAIR.id, users=())
    assert [layer.verdict for layer in told.layers] == [LayerVerdict.DECIDES]
    assert [each.verdict for each in explain(schedule, utc("2026-01-06 13:00")).layers] == [LayerVerdict.SUSPENDED]


def test_what_is_left_of_one_that_is_a_layer_is_one() -> None:
    layer = replace(FAIR, is_layer=True)
    assert layer.cut(starts_at=utc("2026-01-06 09:00"), ends_at=layer.ends_at).is_layer


def test_overrides_act_on_a_temporary_schedule() -> None:
    schedule = a_schedule(
        DAILY,
        temporaries=(FAIR,),
        overrides=(
            an_override(1, DEE, "2026-01-06 00:00", "2026-01-07 00:00", replaces=BOB),
            an_override(2, EVE, "2026-01-06 18:00", "2026-01-06 20:00", kind=OverrideKind.ADD),
        ),
    )
    assert on_call(schedule, utc("2026-01-06 09:00")) == (DEE,)
    assert gaps(schedule, DAY) == ()


def test_an_explanation_names_the_temporary_schedule_and_says_that_the_layers_are_silent() -> None:
    told = explain(a_schedule(DAILY, temporaries=(FAIR,)), utc("2026-01-06 13:00"))
    assert told.temporary == TemporaryExplanation(temporary_id=FAIR.id, users=(BOB, CYD))
    assert [layer.verdict for layer in told.layers] == [LayerVerdict.SUSPENDED]
    assert [(each.user_id, each.source.temporary_id) for each in told.on_call] == [(BOB, FAIR.id), (CYD, FAIR.id)]
    assert explain(a_schedule(DAILY, temporaries=(FAIR,)), utc("2026-01-06 20:00")).temporary is None


def test_two_temporary_schedules_may_touch_and_must_not_overlap() -> None:
    after = a_temporary(8, "2026-01-06 20:00", "2026-01-06 21:00")
    assert gaps(a_schedule(DAILY, temporaries=(after, FAIR)), DAY) == (span("18:00", "21:00"),)
    with pytest.raises(
        InvalidValueError, match=r"^temporaries: must not overlap: .* start at 2026-01-06T20:00:00\+00:00"
    ):
        a_schedule(DAILY, temporaries=(FAIR, a_temporary(8, "2026-01-06 19:59", "2026-01-06 21:00")))


def test_a_shift_is_within_its_temporary_schedule_and_within_no_other_of_its_user() -> None:
    with pytest.raises(InvalidValueError, match=r"^shifts\[0\]: must be within 2026-01-06T08"):
        a_temporary(1, "2026-01-06 08:00", "2026-01-06 20:00", (ANN, "2026-01-06 07:59", "2026-01-06 09:00"))
    with pytest.raises(InvalidValueError, match=r"^shifts\[0\].starts_at: .*; 2026-01-06T10:00:00\+00:00 would do"):
        a_temporary(
            1,
            "2026-01-06 08:00",
            "2026-01-06 20:00",
            (ANN, "2026-01-06 09:59", "2026-01-06 11:00"),
            (ANN, "2026-01-06 08:00", "2026-01-06 10:00"),
        )


def test_a_temporary_schedule_has_a_limit_of_shifts_and_times_in_order() -> None:
    with pytest.raises(InvalidValueError, match=r"^shifts: must be at most 400"):
        a_temporary(
            1,
            "2026-01-06 08:00",
            "2026-01-06 20:00",
            *((ANN, "2026-01-06 09:00", "2026-01-06 10:00"),) * (TEMPORARY_SHIFTS + 1),
        )
    with pytest.raises(InvalidValueError, match=r"^ends_at: must be after starts_at, such as"):
        a_temporary(1, "2026-01-06 08:00", "2026-01-06 08:00")


def test_two_overlap_when_they_share_an_instant_and_not_when_they_touch() -> None:
    for starts, ends, shares in (
        ("06:00", "08:00", False),
        ("06:00", "08:01", True),
        ("10:00", "12:00", True),
        ("19:59", "22:00", True),
        ("20:00", "22:00", False),
    ):
        other = a_temporary(8, f"2026-01-06 {starts}", f"2026-01-06 {ends}")
        assert FAIR.overlaps(other) is other.overlaps(FAIR) is shares


def test_shifts_of_one_person_may_touch() -> None:
    touching = ((BOB, "2026-01-06 08:00", "2026-01-06 14:00"), (BOB, "2026-01-06 14:00", "2026-01-06 18:00"))
    assert len(a_temporary(7, "2026-01-06 08:00", "2026-01-06 20:00", *touching).shifts) == 2


def test_a_shift_that_only_touches_what_is_left_is_left_out() -> None:
    left = FAIR.cut(starts_at=utc("2026-01-06 14:00"), ends_at=FAIR.ends_at)
    assert [shift.user_id for shift in left.shifts] == [CYD]
    before = FAIR.cut(starts_at=FAIR.starts_at, ends_at=utc("2026-01-06 12:00"))
    assert [shift.user_id for shift in before.shifts] == [BOB]
