"""A rotation limited to hours of the week."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from math import gcd
from typing import NamedTuple

from domain.oncall.rotation import Rotation
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import require_utc
from domain.shared.limits import LAYER_RESTRICTIONS, NAME_CHARACTERS
from domain.shared.local_time import WEEK_SECONDS, to_local_seconds
from domain.shared.weekly_window import WeeklyWindow


class Duty(NamedTuple):
    """Who a layer has on duty in a span of the local calendar, in seconds as by `to_local_seconds`."""

    starts: int
    ends: int
    users: tuple[UserId, ...]


class _Pattern(NamedTuple):
    """What a layer's restrictions come to."""

    opens: tuple[int, ...]  # seconds of the week, ascending and apart; none when every hour is open
    closes: tuple[int, ...]
    active_before: tuple[int, ...]  # of the turns of one cycle: how many before it are active; at last, of them all


class _Remembered:
    """Room for a layer's pattern, which is worked out once: it is no field, so it is neither compared nor stored."""

    __slots__ = ("_pattern",)
    _pattern: _Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer(_Remembered):
    """A rotation limited to weekly windows, and to the time before `until`; without windows it is never limited.

    Windows cut the rotation's turns and do not move its handoffs. Turns count active shifts: a turn without any time
    in a window uses up nobody, so that no participant meets closed hours only. Counting is on the local calendar: a
    clock change may shorten a turn, even to nothing, and never moves who comes next.

    Which turns are active repeats with the week, after at most 168 turns (7 days of an hour), and turns of a week or
    longer always are; so finding the participant of any turn takes one division and one look into that table.

    Raises:
        InvalidValueError: the name or the number of restrictions is outside its limit, or `until` is not in UTC.
    """

    name: str = ""
    rotation: Rotation
    restrictions: tuple[WeeklyWindow, ...] = ()
    until: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.name) > NAME_CHARACTERS:
            raise InvalidValueError("name", f"must be at most {NAME_CHARACTERS} characters")
        if len(self.restrictions) > LAYER_RESTRICTIONS:
            raise InvalidValueError("restrictions", f"must be at most {LAYER_RESTRICTIONS} windows")
        if self.until is not None:
            require_utc("until", self.until)

    def is_open(self, local_seconds: int) -> bool:
        """Whether the local time is in one of its windows, or it has none."""
        opens, closes, _ = self._week()
        if not opens:
            return True
        second = local_seconds % WEEK_SECONDS
        window = bisect_right(opens, second) - 1
        return window >= 0 and second < closes[window]

    def participant_at(self, local_seconds: int) -> int | None:
        """The number of the participant whose turn it is at the local time, in its hours or not; None before the start.

        Meaningful within the layer's hours only: between them nobody's turn is used up.
        """
        turn = self.rotation.turn_at(local_seconds)
        return None if turn < 0 else self._participant(turn)

    def on_duty(self, local_seconds: int) -> tuple[UserId, ...]:
        """Who is on duty at the local time, `until` aside; nobody before the start and outside its hours."""
        if not self.is_open(local_seconds):
            return ()
        participant = self.participant_at(local_seconds)
        return () if participant is None else self.rotation.participants[participant]

    def duties(self, starts: int, ends: int) -> Iterator[Duty]:
        """Who is on duty from one local time up to another, `until` aside, in order and cut at every handoff."""
        rotation = self.rotation
        is_shared = len(rotation.participants) > 1
        cursor = turn_ends = max(starts, rotation.turn_starts(0))
        users: tuple[UserId, ...] = ()
        while cursor < ends:
            opens, closes = self._hours_from(cursor, ends)
            cursor = max(cursor, opens)
            if cursor >= ends:
                return
            if cursor >= turn_ends:
                turn = rotation.turn_at(cursor)
                turn_ends = rotation.turn_starts(turn + 1) if is_shared else ends  # one alone hands off to nobody
                users = rotation.participants[self._participant(turn)]
            stop = min(closes, turn_ends, ends)
            yield Duty(cursor, stop, users)
            cursor = stop

    def _participant(self, turn: int) -> int:
        active_before = self._week().active_before
        cycles, rest = divmod(turn, len(active_before) - 1)
        return (cycles * active_before[-1] + active_before[rest]) % len(self.rotation.participants)

    def _hours_from(self, local_seconds: int, ends: int) -> tuple[int, int]:
        """The open span around the local time, or else the next one."""
        opens, closes, _ = self._week()
        if not opens:
            return local_seconds, ends
        second = local_seconds % WEEK_SECONDS
        monday = local_seconds - second
        window = bisect_right(closes, second)
        if window == len(closes):
            monday, window = monday + WEEK_SECONDS, 0
        return monday + opens[window], monday + closes[window]

    def _week(self) -> _Pattern:
        try:
            return self._pattern
        except AttributeError:  # a copy, as well as a new one, starts without
            pattern = _pattern_of(self.rotation, self.restrictions)
            object.__setattr__(self, "_pattern", pattern)
            return pattern


def _pattern_of(rotation: Rotation, restrictions: tuple[WeeklyWindow, ...]) -> _Pattern:
    spans = _open_spans(restrictions)
    opens, closes = tuple(start for start, _ in spans), tuple(end for _, end in spans)
    length = rotation.turn_seconds
    if not spans or length is None or length >= WEEK_SECONDS:
        return _Pattern(opens, closes, (0, 1))
    starts = to_local_seconds(rotation.starts_at_local) % WEEK_SECONDS
    turns = WEEK_SECONDS // gcd(length, WEEK_SECONDS)
    actives = (_is_active(starts + turn * length, length, opens, closes) for turn in range(turns))
    return _Pattern(opens, closes, tuple(accumulate(actives, initial=0)))


def _open_spans(restrictions: Iterable[WeeklyWindow]) -> list[tuple[int, int]]:
    """The windows within one week, ascending and apart; none when they leave no hour closed."""
    pieces: list[tuple[int, int]] = []
    for window in restrictions:
        pieces.append((window.starts, min(window.ends, WEEK_SECONDS)))
        if window.ends > WEEK_SECONDS:
            pieces.append((0, window.ends - WEEK_SECONDS))
    spans: list[tuple[int, int]] = []
    for start, end in sorted(pieces):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return [] if spans == [(0, WEEK_SECONDS)] else spans


def _is_active(starts: int, length: int, opens: tuple[int, ...], closes: tuple[int, ...]) -> bool:
    """Whether a turn shorter than a week has any time in a span of this week or, running over, of the next."""
    second = starts % WEEK_SECONDS
    window = bisect_right(closes, second)  # the first that is not over when the turn begins
    next_opens = opens[window] if window < len(opens) else opens[0] + WEEK_SECONDS
    return next_opens < second + length
