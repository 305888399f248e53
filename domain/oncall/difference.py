"""What a change does to who is on call."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from domain.oncall.coverage import Shift
from domain.oncall.history import Timeline
from domain.shared.ids import UserId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Throughout the interval others are on call after a change than before it; nobody may be either of them."""

    interval: Interval
    before: tuple[UserId, ...]
    after: tuple[UserId, ...]


def differences(before: Timeline, after: Timeline, interval: Interval) -> Iterator[Difference]:
    """Exactly those instants of the interval at which it matters, oldest first, each as long as it can be.

    Raises `InvalidValueError` for an interval outside the supported years.
    """
    was, will = _Roster(before.shifts(interval)), _Roster(after.shifts(interval))
    found: Difference | None = None
    for start, end in pairwise(sorted({interval.start, interval.end, *was.edges, *will.edges})):
        old, new = was.move_to(start), will.move_to(start)
        if found is not None and old != new and (found.before, found.after, found.interval.end) == (old, new, start):
            found = Difference(interval=Interval(start=found.interval.start, end=end), before=old, after=new)
            continue
        if found is not None:
            yield found
        found = None if old == new else Difference(interval=Interval(start=start, end=end), before=old, after=new)
    if found is not None:
        yield found


class _Roster:
    """Who is on call, followed from edge to edge."""

    def __init__(self, shifts: Iterable[Shift]) -> None:
        self._starting: dict[datetime, list[UserId]] = {}
        self._ending: dict[datetime, list[UserId]] = {}
        self._users: set[UserId] = set()
        for shift in shifts:
            self._starting.setdefault(shift.interval.start, []).append(shift.user_id)
            self._ending.setdefault(shift.interval.end, []).append(shift.user_id)

    @property
    def edges(self) -> set[datetime]:
        return {*self._starting, *self._ending}

    def move_to(self, at: datetime) -> tuple[UserId, ...]:
        """On from one edge to the next. Who leaves one shift for another of theirs stays."""
        self._users.difference_update(self._ending.get(at, ()))
        self._users.update(self._starting.get(at, ()))
        return tuple(sorted(self._users, key=lambda user: user.int))
