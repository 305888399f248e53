"""Time off: when somebody cannot be on call, what of it nobody covers yet, and who could."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from domain.oncall.coverage import Shift
from domain.shared.errors import InvalidValueError
from domain.shared.ids import AbsenceId, ScheduleId, UserId
from domain.shared.interval import Interval, union
from domain.shared.limits import COVER_NOTE_CHARACTERS
from domain.shared.text import require_length

ABSENCE_MAX: Final = timedelta(days=366)  # any year, whole; who is away longer should leave the rotation
LOAD_WINDOW: Final = timedelta(days=14)  # to each side of what is to be covered: about one turn of most rotations
CANDIDATES: Final = 5  # of one interval: who reads more would not decide faster


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A user is away. It takes nobody off a schedule: it warns of what nobody covers yet.

    Raises:
        InvalidValueError: it is too long, or so is the reason.
    """

    id: AbsenceId
    user_id: UserId
    interval: Interval
    reason: str = ""

    def __post_init__(self) -> None:
        if self.interval.duration > ABSENCE_MAX:
            raise InvalidValueError("ends_at", f"must be at most {ABSENCE_MAX.days} days after starts_at")
        require_length("reason", self.reason, least=0, most=COVER_NOTE_CHARACTERS)


class Uncovered(NamedTuple):
    """Somebody who is away is on call, without interruption, in the interval."""

    absence_id: AbsenceId
    user_id: UserId
    schedule_id: ScheduleId
    interval: Interval


class Candidate(NamedTuple):
    """Who could stand in, and how long they are on call around that time as it is."""

    user_id: UserId
    load: timedelta


def uncovered(absence: Absence, shifts_by_schedule: Mapping[ScheduleId, Sequence[Shift]]) -> tuple[Uncovered, ...]:
    """The exact intervals in which the absent person is on call, by their start and then by schedule.

    An override for the absent person takes its time out, because it is in the shifts.
    """
    found = [
        Uncovered(absence.id, absence.user_id, schedule_id, interval)
        for schedule_id, shifts in shifts_by_schedule.items()
        for interval in union(_away_on_call(absence, shifts))
    ]
    return tuple(sorted(found, key=lambda each: (each.interval.start, each.schedule_id.int)))


def load_window(interval: Interval) -> Interval:
    """Around what is to be covered: in which time on call counts as load."""
    return Interval(start=interval.start - LOAD_WINDOW, end=interval.end + LOAD_WINDOW)


def propose_cover(
    wanted: Uncovered,
    *,
    people: Collection[UserId],
    shifts: Sequence[Shift],
    absences: Collection[Absence],
    most: int = CANDIDATES,
) -> tuple[Candidate, ...]:
    """Those people who are neither on call nor away in any part of the interval, the least loaded first.

    Load is the time on call in the `load_window`, which the shifts have to span. Equals are in the order of their ids,
    so that the same question always has the same answer.
    """
    away = {absence.user_id for absence in absences if absence.interval.overlaps(wanted.interval)}
    on_call = {shift.user_id for shift in shifts if shift.interval.overlaps(wanted.interval)}
    load: defaultdict[UserId, timedelta] = defaultdict(timedelta)
    window = load_window(wanted.interval)
    for shift in shifts:
        counted = shift.interval.intersection(window)
        if counted is not None:
            load[shift.user_id] += counted.duration
    free = frozenset(people) - away - on_call - {wanted.user_id}
    by_load = sorted(free, key=lambda user_id: (load[user_id], user_id.int))
    return tuple(Candidate(user_id, load[user_id]) for user_id in by_load[:most])


def _away_on_call(absence: Absence, shifts: Iterable[Shift]) -> Iterable[Interval]:
    for shift in shifts:
        if shift.user_id == absence.user_id:
            both = shift.interval.intersection(absence.interval)
            if both is not None:
                yield both
