"""One person's change to who is on call: worked examples, one a sentence of the rules."""

import pytest

from domain.oncall.coverage import OverrideExplanation, Source, explain, gaps, on_call, shifts
from domain.oncall.override import Override, OverrideKind, first_free
from domain.oncall.rotation import RotationUnit
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, DEE, a_layer, a_schedule, an_override, every_day, utc

WEEKS = a_layer(ANN, BOB, starts="2026-01-05 09:00", unit=RotationUnit.WEEK)
PAIR = a_layer((ANN, BOB), starts="2026-01-05")
NIGHTS = a_layer(DEE, starts="2026-01-05 00:00", restrictions=every_day("22:00", "06:00"))
DAY = Interval(start=utc("2026-01-06 00:00"), end=utc("2026-01-07 00:00"))
NOON = utc("2026-01-06 12:00")


def of_a_day(number: int, user_id: UserId, kind: OverrideKind, *, replaces: UserId | None = None) -> Override:
    return an_override(number, user_id, "2026-01-06 00:00", "2026-01-07 00:00", replaces=replaces, kind=kind)


def test_an_added_user_is_on_call_beside_the_others() -> None:
    schedule = a_schedule(WEEKS, overrides=(of_a_day(1, CYD, OverrideKind.ADD),))
    assert on_call(schedule, NOON) == (ANN, CYD)
    assert on_call(schedule, DAY.end) == (ANN,)


def test_an_added_user_fills_a_gap() -> None:
    assert gaps(a_schedule(NIGHTS, overrides=(of_a_day(1, ANN, OverrideKind.ADD),)), DAY) == ()


def test_an_added_user_who_is_on_call_already_keeps_their_own_shift() -> None:
    schedule = a_schedule(WEEKS, overrides=(of_a_day(1, ANN, OverrideKind.ADD),))
    assert [(shift.user_id, shift.source) for shift in shifts(schedule, DAY)] == [(ANN, Source(layer=0))]


def test_a_removed_user_goes_and_the_others_stay() -> None:
    assert on_call(a_schedule(PAIR, overrides=(of_a_day(1, ANN, OverrideKind.REMOVE),)), NOON) == (BOB,)


def test_the_removal_of_the_only_one_leaves_a_gap_and_no_layer_fills_it() -> None:
    schedule = a_schedule(NIGHTS, WEEKS, overrides=(of_a_day(1, ANN, OverrideKind.REMOVE),))
    assert gaps(schedule, DAY) == (DAY,)


def test_a_part_of_a_shift_is_cut_out_of_it_by_a_removal() -> None:
    schedule = a_schedule(
        WEEKS, overrides=(an_override(1, ANN, "2026-01-06 10:00", "2026-01-06 11:00", kind=OverrideKind.REMOVE),)
    )
    assert [shift.interval for shift in shifts(schedule, DAY)] == [
        Interval(start=DAY.start, end=utc("2026-01-06 10:00")),
        Interval(start=utc("2026-01-06 11:00"), end=DAY.end),
    ]


def test_additions_and_removals_act_in_the_order_they_were_made_in() -> None:
    added, removed = of_a_day(1, CYD, OverrideKind.ADD), of_a_day(2, CYD, OverrideKind.REMOVE)
    assert on_call(a_schedule(WEEKS, overrides=(added, removed)), NOON) == (ANN,)
    assert on_call(a_schedule(WEEKS, overrides=(removed, added)), NOON) == (ANN, CYD)


def test_one_for_everyone_that_was_made_later_takes_off_who_was_added() -> None:
    added, all_of_them = of_a_day(1, CYD, OverrideKind.ADD), of_a_day(2, DEE, OverrideKind.REPLACE)
    assert on_call(a_schedule(WEEKS, overrides=(added, all_of_them)), NOON) == (DEE,)
    assert on_call(a_schedule(WEEKS, overrides=(all_of_them, added)), NOON) == (CYD, DEE)


def test_an_explanation_says_who_was_added_and_who_was_taken_off() -> None:
    added, removed = of_a_day(1, CYD, OverrideKind.ADD), of_a_day(2, ANN, OverrideKind.REMOVE)
    idle = of_a_day(3, DEE, OverrideKind.REMOVE)
    told = explain(a_schedule(WEEKS, overrides=(added, removed, idle)), NOON)
    assert told.overrides == (
        OverrideExplanation(override_id=added.id, user_id=CYD, is_applied=True, kind=OverrideKind.ADD),
        OverrideExplanation(
            override_id=removed.id, user_id=ANN, is_applied=True, took_off=(ANN,), kind=OverrideKind.REMOVE
        ),
        OverrideExplanation(override_id=idle.id, user_id=DEE, is_applied=False, kind=OverrideKind.REMOVE),
    )
    assert [(each.user_id, each.source) for each in told.on_call] == [(CYD, Source(override_id=added.id))]


@pytest.mark.parametrize(
    ("one", "other", "does"),
    [
        (of_a_day(1, CYD, OverrideKind.REPLACE, replaces=ANN), of_a_day(2, ANN, OverrideKind.REMOVE), True),
        (of_a_day(1, CYD, OverrideKind.REPLACE), of_a_day(2, DEE, OverrideKind.REPLACE), True),
        (of_a_day(1, CYD, OverrideKind.ADD), of_a_day(2, CYD, OverrideKind.ADD), True),
        (of_a_day(1, CYD, OverrideKind.ADD), of_a_day(2, DEE, OverrideKind.ADD), False),
        (of_a_day(1, CYD, OverrideKind.ADD), of_a_day(2, CYD, OverrideKind.REMOVE), False),
        (of_a_day(1, CYD, OverrideKind.REMOVE), of_a_day(2, DEE, OverrideKind.REPLACE), False),
        (
            of_a_day(1, CYD, OverrideKind.ADD),
            an_override(2, CYD, "2026-01-07 00:00", "2026-01-08 00:00", kind=OverrideKind.ADD),
            False,
        ),
    ],
)
def test_two_contradict_each_other_when_they_take_off_or_add_the_same_user_at_the_same_time(
    one: Override, other: Override, does: bool
) -> None:
    assert one.contradicts(other) is does
    assert other.contradicts(one) is does


def test_the_first_free_time_is_after_all_that_leave_no_room() -> None:
    wanted = an_override(9, DEE, "2026-01-06 10:00", "2026-01-06 12:00", replaces=ANN)
    others = (
        an_override(3, CYD, "2026-01-06 15:00", "2026-01-06 16:00", replaces=ANN),
        an_override(1, CYD, "2026-01-06 11:00", "2026-01-06 14:00", replaces=ANN),
        an_override(2, CYD, "2026-01-06 16:00", "2026-01-06 20:00", replaces=BOB),
    )
    assert first_free(wanted, others) == Interval(start=utc("2026-01-06 16:00"), end=utc("2026-01-06 18:00"))
    assert first_free(wanted, ()) == Interval(start=wanted.starts_at, end=wanted.ends_at)
    touching = an_override(4, CYD, "2026-01-06 12:00", "2026-01-06 13:00", replaces=ANN)
    assert first_free(wanted, (touching,)) == Interval(start=wanted.starts_at, end=wanted.ends_at)


def test_an_inverted_window_is_refused_with_an_example_of_what_would_do() -> None:
    with pytest.raises(
        InvalidValueError, match=r"^ends_at: must be after starts_at, such as 2026-01-06T11:00:00\+00:00$"
    ):
        an_override(1, ANN, "2026-01-06 10:00", "2026-01-06 10:00")


def test_only_one_that_replaces_names_whom() -> None:
    for kind in (OverrideKind.ADD, OverrideKind.REMOVE):
        with pytest.raises(InvalidValueError, match=r"^replaces: must be absent when the kind is .*; replace would do"):
            of_a_day(1, ANN, kind, replaces=BOB)
