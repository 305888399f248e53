"""A schedule for a while, in place of the layers, or before them as one more."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from domain.oncall.override import require_window
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TemporaryScheduleId, UserId
from domain.shared.limits import TEMPORARY_SHIFTS


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedShift:
    """A user is on call from `starts_at` up to `ends_at`, whatever any rotation says.

    Raises:
        InvalidValueError: a time is not in UTC, or the end is not after the start.
    """

    user_id: UserId
    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        require_window(self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporarySchedule:
    """From `starts_at` up to `ends_at` the layers are silent, and the fixed shifts alone say who is on call.

    Where it has no shift nobody is on call: that is a gap, as anywhere else; unless it is a layer itself, the last one,
    which leaves to the others what it has nobody for. Overrides act on it as on layers.

    Raises:
        InvalidValueError: its times or a shift's are not in UTC or in order, there are more shifts than the limit, a
            shift is not within it, or two shifts of one user overlap.
    """

    id: TemporaryScheduleId
    starts_at: datetime
    ends_at: datetime
    shifts: tuple[FixedShift, ...]
    is_layer: bool = False

    def __post_init__(self) -> None:
        require_window(self.starts_at, self.ends_at)
        if len(self.shifts) > TEMPORARY_SHIFTS:
            raise InvalidValueError("shifts", f"must be at most {TEMPORARY_SHIFTS}; two temporary schedules would do")
        for number, shift in enumerate(self.shifts):
            if shift.starts_at < self.starts_at or shift.ends_at > self.ends_at:
                span = f"{self.starts_at.isoformat()} up to {self.ends_at.isoformat()}"
                raise InvalidValueError(f"shifts[{number}]", f"must be within {span}")
        self._require_apart()

    def is_active(self, at: datetime) -> bool:
        """Whether the instant is in its time."""
        return self.starts_at <= at < self.ends_at

    def overlaps(self, other: "TemporarySchedule") -> bool:
        """Whether the two share an instant; touching is not sharing."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def decides(self, at: datetime) -> bool:
        """Whether, at an instant within it, the layers have nothing to say."""
        return not self.is_layer or bool(self.on_duty(at))

    def on_duty(self, at: datetime) -> tuple[UserId, ...]:
        """Whom its shifts have on call at an instant within it; maybe nobody."""
        return tuple(shift.user_id for shift in self.shifts if shift.starts_at <= at < shift.ends_at)

    def cut(self, *, starts_at: datetime, ends_at: datetime) -> "TemporarySchedule":
        """What is left of it within these times, its shifts included. Raises `InvalidValueError` when nothing is."""
        starts_at, ends_at = max(self.starts_at, starts_at), min(self.ends_at, ends_at)
        shifts = (
            FixedShift(
                user_id=shift.user_id,
                starts_at=max(shift.starts_at, starts_at),
                ends_at=min(shift.ends_at, ends_at),
            )
            for shift in self.shifts
            if shift.starts_at < ends_at and starts_at < shift.ends_at
        )
        return replace(self, starts_at=starts_at, ends_at=ends_at, shifts=tuple(shifts))

    def _require_apart(self) -> None:
        order = sorted(
            range(len(self.shifts)), key=lambda number: (self.shifts[number].user_id, self.shifts[number].starts_at)
        )
        for first, second in pairwise(order):
            before, after = self.shifts[first], self.shifts[second]
            if before.user_id == after.user_id and after.starts_at < before.ends_at:
                raise InvalidValueError(
                    f"shifts[{second}].starts_at",
                    f"must not be within another shift of the same user; {before.ends_at.isoformat()} would do",
                )


def require_temporaries_apart(field: str, temporaries: Iterable[TemporarySchedule]) -> None:
    """Raises `InvalidValueError` when two of them share an instant; touching is not sharing."""
    in_order = sorted(temporaries, key=lambda each: each.starts_at)
    for before, after in pairwise(in_order):
        if after.starts_at < before.ends_at:
            raise InvalidValueError(
                field,
                f"must not overlap: one lasts from {before.starts_at.isoformat()} up to {before.ends_at.isoformat()}; "
                f"another may end at {before.starts_at.isoformat()} or start at {before.ends_at.isoformat()}",
            )
