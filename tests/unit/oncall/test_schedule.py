"""Layers by precedence, then overrides: what a schedule may hold."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.oncall.override import Override, OverrideKind
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.limits import NAME_CHARACTERS, SCHEDULE_LAYERS
from tests.support.oncall import (
    ANN,
    BOB,
    CYD,
    DEE,
    EVE,
    a_layer,
    a_schedule,
    a_shadow,
    a_temporary,
    an_override,
    utc,
)

LAYER = a_layer(ANN, starts="2026-01-05")
OVERRIDE = an_override(1, BOB, "2026-01-06 00:00", "2026-01-07 00:00")

WRONG: list[tuple[str, Callable[[Schedule], Schedule]]] = [
    ("name: must be from 1 to 120", lambda good: replace(good, name=" ")),
    ("name: must be from 1 to 120", lambda good: replace(good, name="x" * (NAME_CHARACTERS + 1))),
    ("time_zone: must be the name of an IANA time zone", lambda good: replace(good, time_zone="Mars/Olympus")),
    ("layers: must be at most 20", lambda good: replace(good, layers=(LAYER,) * (SCHEDULE_LAYERS + 1))),
    ("overrides: must not have one id twice", lambda good: replace(good, overrides=(OVERRIDE, OVERRIDE))),
    ("version: must not be negative", lambda good: replace(good, version=-1)),
]


@pytest.mark.parametrize(("message", "change"), WRONG)
def test_a_value_outside_its_limit_is_refused_with_its_field(
    message: str, change: Callable[[Schedule], Schedule]
) -> None:
    with pytest.raises(InvalidValueError, match="^" + message):
        change(a_schedule(LAYER))


def test_as_many_as_the_limits_allow_are_taken() -> None:
    full = replace(a_schedule(*(LAYER,) * SCHEDULE_LAYERS), name="x" * NAME_CHARACTERS)
    assert len(full.layers) == SCHEDULE_LAYERS


def test_its_people_are_all_whom_it_may_put_on_call() -> None:
    span = ("2026-01-06 00:00", "2026-01-07 00:00")
    schedule = a_schedule(
        a_layer(ANN, (BOB, CYD), starts="2026-01-05"),
        overrides=(
            an_override(1, DEE, *span, replaces=EVE),
            an_override(2, EVE, *span, kind=OverrideKind.REMOVE),
        ),
        shadows=(a_shadow(1, EVE, *span, layer=0),),
    )
    assert schedule.people == {ANN, BOB, CYD, DEE}
    assert a_schedule(temporaries=(a_temporary(1, *span, (EVE, *span)),)).people == {EVE}


WRONG_OVERRIDES: list[tuple[str, Callable[[Override], Override]]] = [
    ("starts_at: must be an instant in UTC", lambda good: replace(good, starts_at=good.starts_at.replace(tzinfo=None))),
    ("ends_at: must be an instant in UTC", lambda good: replace(good, ends_at=good.ends_at.replace(tzinfo=None))),
    ("ends_at: must be after starts_at", lambda good: replace(good, ends_at=good.starts_at)),
    ("replaces: must be someone else", lambda good: replace(good, replaces=BOB)),
]


@pytest.mark.parametrize(("message", "change"), WRONG_OVERRIDES)
def test_an_override_outside_its_limits_is_refused_with_its_field(
    message: str, change: Callable[[Override], Override]
) -> None:
    with pytest.raises(InvalidValueError, match="^" + message):
        change(OVERRIDE)


def test_an_override_holds_from_its_start_up_to_its_end() -> None:
    instants = ("2026-01-05 23:59", "2026-01-06", "2026-01-06 23:59", "2026-01-07")
    assert [OVERRIDE.is_active(utc(at)) for at in instants] == [False, True, True, False]
