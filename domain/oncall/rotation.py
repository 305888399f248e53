"""Who follows whom, and when they hand off. All of it on the local calendar, where no clock ever changes."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import LAYER_PARTICIPANTS, TURN_USERS
from domain.shared.local_time import (
    DAY_SECONDS,
    HOUR_SECONDS,
    WEEK_SECONDS,
    require_local,
    to_local_seconds,
)

ROTATION_LENGTH_MAX: Final = 366  # a yearly turn counted in days; what is longer is better said in a larger unit


class RotationUnit(StrEnum):
    """What a turn's length is counted in."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_UNIT_SECONDS: Final = {
    RotationUnit.HOUR: HOUR_SECONDS,
    RotationUnit.DAY: DAY_SECONDS,
    RotationUnit.WEEK: WEEK_SECONDS,
}


class _Remembered:
    """Room for what a rotation's arithmetic asks for again and again: no field, so neither compared nor stored."""

    __slots__ = ("_arithmetic",)
    _arithmetic: tuple[int, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation(_Remembered):
    """Participants taking turns of equal length, with a handoff at a fixed local time.

    A turn is one or more users who are on duty together. Turns are numbered from 0, which begins at
    `starts_at_local`; before that nobody is on duty. Turn `n` begins `n` lengths later on the local calendar, so a
    turn of 12 hours keeps its 08:00 and 20:00 in summer and in winter. Months count from the start date: one that
    begins on the 31st hands off on the last day of shorter months and on the 31st again after them.

    Raises:
        InvalidValueError: the length, the start, the participants or a turn is outside its limit.
    """

    unit: RotationUnit
    length: int = 1
    starts_at_local: datetime
    participants: tuple[tuple[UserId, ...], ...]

    def __post_init__(self) -> None:
        if not 1 <= self.length <= ROTATION_LENGTH_MAX:
            raise InvalidValueError("length", f"must be from 1 to {ROTATION_LENGTH_MAX}")
        require_local("starts_at_local", self.starts_at_local)
        if not 1 <= len(self.participants) <= LAYER_PARTICIPANTS:
            raise InvalidValueError("participants", f"must be from 1 to {LAYER_PARTICIPANTS} turns")
        for number, turn in enumerate(self.participants):
            _require_turn(f"participants[{number}]", turn)

    @property
    def turn_seconds(self) -> int | None:
        """How long each turn is on the local calendar, or None for months, which differ."""
        return self._start_and_length()[1]

    def turn_at(self, local_seconds: int) -> int:
        """The number of the turn at that local time, by arithmetic; negative before the start."""
        starts, seconds = self._start_and_length()
        if seconds is not None:
            return (local_seconds - starts) // seconds
        today = date.fromordinal(local_seconds // DAY_SECONDS + 1)
        turn = (_months(today) - _months(self.starts_at_local)) // self.length
        # The month has begun, but its handoff may be later in it.
        return turn if self.turn_starts(turn) <= local_seconds else turn - 1

    def turn_starts(self, turn: int) -> int:
        """The local time at which that turn begins."""
        starts, seconds = self._start_and_length()
        if seconds is not None:
            return starts + turn * seconds
        year, month = divmod(_months(self.starts_at_local) + turn * self.length, 12)
        day = min(self.starts_at_local.day, monthrange(year, month + 1)[1])
        return to_local_seconds(self.starts_at_local.replace(year=year, month=month + 1, day=day))

    def _start_and_length(self) -> tuple[int, int | None]:
        try:
            return self._arithmetic
        except AttributeError:  # a copy, as well as a new one, starts without
            unit = _UNIT_SECONDS.get(self.unit)
            found = to_local_seconds(self.starts_at_local), None if unit is None else unit * self.length
            object.__setattr__(self, "_arithmetic", found)
            return found


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _require_turn(field: str, turn: tuple[UserId, ...]) -> None:
    if not 1 <= len(turn) <= TURN_USERS:
        raise InvalidValueError(field, f"must be from 1 to {TURN_USERS} users")
    if len(set(turn)) != len(turn):
        raise InvalidValueError(field, "must not name a user twice")
