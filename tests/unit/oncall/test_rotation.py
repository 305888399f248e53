"""Who follows whom, and when they hand off."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from domain.oncall.rotation import Rotation, RotationUnit
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import LAYER_PARTICIPANTS, TURN_USERS
from domain.shared.local_time import from_local_seconds, to_local_seconds
from tests.support.oncall import ANN, BOB, utc


def rotation(unit: RotationUnit, starts: str, length: int = 1) -> Rotation:
    return Rotation(
        unit=unit, length=length, starts_at_local=datetime.fromisoformat(starts), participants=((ANN,), (BOB,))
    )


def starts(of: Rotation, *turns: int) -> list[str]:
    return [from_local_seconds(of.turn_starts(turn)).isoformat(" ", "minutes") for turn in turns]


def turn_at(of: Rotation, local: str) -> int:
    return of.turn_at(to_local_seconds(datetime.fromisoformat(local)))


def test_a_turn_begins_at_its_handoff_and_ends_with_the_next() -> None:
    weekly = rotation(RotationUnit.WEEK, "2026-01-05 09:00")
    assert turn_at(weekly, "2026-01-05 09:00:00") == 0
    assert turn_at(weekly, "2026-01-12 08:59:59") == 0
    assert turn_at(weekly, "2026-01-12 09:00:00") == 1


def test_turns_before_the_start_have_negative_numbers() -> None:
    for unit in RotationUnit:
        assert turn_at(rotation(unit, "2026-01-31 09:00"), "2026-01-31 08:59:59") == -1


@pytest.mark.parametrize(
    ("unit", "second", "third"),
    [
        (RotationUnit.HOUR, "2026-01-05 11:00", "2026-01-05 13:00"),
        (RotationUnit.DAY, "2026-01-07 09:00", "2026-01-09 09:00"),
        (RotationUnit.WEEK, "2026-01-19 09:00", "2026-02-02 09:00"),
        (RotationUnit.MONTH, "2026-03-05 09:00", "2026-05-05 09:00"),
    ],
)
def test_a_turn_lasts_its_length_of_units(unit: RotationUnit, second: str, third: str) -> None:
    assert starts(rotation(unit, "2026-01-05 09:00", length=2), 1, 2) == [second, third]


def test_months_from_the_31st_hand_off_on_the_last_day_of_shorter_ones_without_drift() -> None:
    monthly = rotation(RotationUnit.MONTH, "2026-12-31 09:00")
    assert starts(monthly, 1, 2, 3, 4) == [
        "2027-01-31 09:00", "2027-02-28 09:00", "2027-03-31 09:00", "2027-04-30 09:00",
    ]  # fmt: skip
    assert starts(rotation(RotationUnit.MONTH, "2027-01-30 09:00"), 13) == ["2028-02-29 09:00"]


def test_the_turn_of_a_month_is_found_on_both_sides_of_its_handoff() -> None:
    monthly = rotation(RotationUnit.MONTH, "2026-12-31 09:00")
    assert turn_at(monthly, "2027-02-28 08:59") == 1
    assert turn_at(monthly, "2027-02-28 09:00") == 2
    assert turn_at(monthly, "2027-03-30 23:59") == 2


WRONG: list[tuple[str, Callable[[Rotation], Rotation]]] = [
    ("length: must be from 1 to 366", lambda good: replace(good, length=0)),
    ("length: must be from 1 to 366", lambda good: replace(good, length=367)),
    ("starts_at_local: must be a local time", lambda good: replace(good, starts_at_local=utc("2026-01-01"))),
    ("participants: must be from 1 to 100 turns", lambda good: replace(good, participants=())),
    ("participants: must be from 1 to 100 turns", lambda good: replace(good, participants=((ANN,),) * 101)),
    (r"participants\[1\]: must be from 1 to 10 users", lambda good: replace(good, participants=((ANN,), ()))),
    (r"participants\[0\]: must be from 1 to 10", lambda good: replace(good, participants=(crowd(11),))),
    (r"participants\[0\]: must not name a user twice", lambda good: replace(good, participants=((ANN, ANN),))),
]  # fmt: skip


def crowd(size: int) -> tuple[UserId, ...]:
    return tuple(UserId(UUID(int=number)) for number in range(size))


@pytest.mark.parametrize(("message", "change"), WRONG)
def test_a_value_outside_its_limit_is_refused_with_its_field(
    message: str, change: Callable[[Rotation], Rotation]
) -> None:
    with pytest.raises(InvalidValueError, match="^" + message):
        change(rotation(RotationUnit.DAY, "2026-01-01"))


def test_as_many_as_the_limits_allow_are_taken() -> None:
    turn = crowd(TURN_USERS)
    good = rotation(RotationUnit.DAY, "2026-01-01")
    assert len(replace(good, participants=(turn,) * LAYER_PARTICIPANTS, length=366).participants) == LAYER_PARTICIPANTS
