"""What people hear of their time on call: worked examples, one a sentence of the rules."""

from datetime import datetime, timedelta

import pytest

from domain.oncall.coverage import shifts
from domain.oncall.quality import stretches
from domain.oncall.schedule import Schedule
from domain.oncall.turn import AHEAD_MAX, NEWS, Turn, TurnMoment, seen_at, turns
from domain.shared.errors import InvalidValueError
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, a_layer, a_schedule, an_override, utc

# A day each from 08:00 UTC: ANN on the 23rd, BOB on the 24th.
DAILY = a_schedule(a_layer(ANN, BOB, starts="2026-11-23 09:00"))
HANDOFF = utc("2026-11-24 08:00")
HOUR = timedelta(hours=1)


def heard(at: datetime, *, schedule: Schedule = DAILY, ahead: timedelta = 24 * HOUR) -> list[Turn]:
    return list(turns(stretches(shifts(schedule, seen_at(at, ahead=ahead))), at, ahead=ahead))


def test_they_hear_of_it_so_long_before_it_begins_and_until_it_does() -> None:
    coming = Turn(BOB, TurnMoment.AHEAD, HANDOFF)
    assert coming not in heard(HANDOFF - 12 * HOUR - timedelta.resolution, ahead=12 * HOUR)
    for at in (HANDOFF - 12 * HOUR, HANDOFF - HOUR, HANDOFF - timedelta.resolution):
        assert coming in heard(at, ahead=12 * HOUR)
    assert coming not in heard(HANDOFF, ahead=12 * HOUR)


def test_that_it_began_or_ended_is_news_for_an_hour() -> None:
    started, ended = Turn(BOB, TurnMoment.STARTED, HANDOFF), Turn(ANN, TurnMoment.ENDED, HANDOFF)
    for at in (HANDOFF, HANDOFF + NEWS - timedelta.resolution):
        assert heard(at, ahead=HOUR) == [ended, started]
    for at in (HANDOFF - timedelta.resolution, HANDOFF + NEWS):
        assert not {started, ended} & set(heard(at, ahead=HOUR))


def test_who_goes_on_from_another_source_hears_nothing() -> None:
    for_everyone = an_override(1, ANN, "2026-11-23 12:00", "2026-11-23 14:00")
    schedule = a_schedule(*DAILY.layers, overrides=(for_everyone,))
    for at in (for_everyone.starts_at, for_everyone.ends_at):
        assert heard(at, schedule=schedule, ahead=HOUR) == []


def test_what_began_and_ended_in_the_hour_is_heard_of_as_ended() -> None:
    short = an_override(1, BOB, "2026-11-23 12:00", "2026-11-23 12:30", replaces=ANN)
    schedule = a_schedule(*DAILY.layers, overrides=(short,))
    assert heard(utc("2026-11-23 12:40"), schedule=schedule, ahead=HOUR) == [
        Turn(ANN, TurnMoment.ENDED, short.starts_at),
        Turn(BOB, TurnMoment.ENDED, short.ends_at),
        Turn(ANN, TurnMoment.STARTED, short.ends_at),
    ]


def test_what_is_cut_by_the_time_that_is_looked_at_neither_begins_nor_ends() -> None:
    always = a_schedule(a_layer(ANN, starts="2026-01-01 00:00"))
    assert heard(HANDOFF, schedule=always) == []
    assert seen_at(HANDOFF, ahead=HOUR) == Interval(start=HANDOFF - NEWS, end=HANDOFF + HOUR + timedelta.resolution)


def test_it_is_heard_of_a_week_ahead_at_most_and_before_it_begins() -> None:
    assert seen_at(HANDOFF, ahead=AHEAD_MAX).start == HANDOFF - NEWS
    for ahead in (timedelta(0), AHEAD_MAX + timedelta.resolution):
        with pytest.raises(InvalidValueError, match=r"^ahead: must be more than nothing and at most 7 days"):
            seen_at(HANDOFF, ahead=ahead)
