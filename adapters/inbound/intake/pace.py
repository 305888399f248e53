"""When single events are worth a write of their own: its commit costs what ten of them do.

A lone event waits for nothing. Beside writes under way another one begins when enough have gathered for it, or when
those take long. And where many send at once, a write takes all of them, not the few that happen to be first: senders
that are answered together send together again, so for a moment the others are waited for.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final

# So many events for each write under way make another one worth its commit (docs/benchmarks.md).
WORTH_A_WRITE: Final = 12
# A write that takes longer, behind somebody's lock perhaps, is no reason to wait for it.
SLOW_SECONDS: Final = 0.02
# So many events at once are a crowd; fewer do not wait for each other.
CROWD: Final = 4
# How long after the last write has begun those who are there wait for the rest of a crowd.
GATHER_SECONDS: Final = 0.008
# The largest crowd of so many writes is what is expected.
_REMEMBERED: Final = 16


@dataclass(slots=True)
class Pace:
    """Of writes of single events in one process."""

    look: Callable[[], None]  # called when waiting events may have become worth a write by time alone
    worth_a_write: int = WORTH_A_WRITE
    _writes: int = 0  # under way, and not slow
    _in_hand: int = 0  # events of all that are under way
    _began_at: float = -inf
    _crowds: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _alarm: asyncio.TimerHandle | None = None

    def may_begin(self, waiting: int) -> bool:
        """Whether so many events that wait are worth a write now."""
        if waiting < self.worth_a_write * self._writes:
            return False
        if waiting >= min(self.worth_a_write, self._expected()):
            return True
        left = self._began_at + GATHER_SECONDS - _now()
        if left <= 0:
            return True
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(left, self._ring)
        return False

    def begin(self, events: int, *, waiting: int) -> Callable[[], None]:
        """A write of so many events begins, while so many more wait; call what is returned when it has ended."""
        self._began_at = _now()
        self._in_hand += events
        self._crowds.append(self._in_hand + waiting)
        self._writes += 1
        is_counted = True

        def count_no_more() -> None:
            nonlocal is_counted
            self._writes -= is_counted
            is_counted = False

        def turn_out_slow() -> None:
            count_no_more()
            self.look()

        slow = asyncio.get_running_loop().call_later(SLOW_SECONDS, turn_out_slow)

        def end() -> None:
            slow.cancel()
            count_no_more()
            self._in_hand -= events

        return end

    def _expected(self) -> int:
        most = max(self._crowds, default=0)
        return most if most >= CROWD else 0

    def _ring(self) -> None:
        self._alarm = None
        self.look()


def _now() -> float:
    return asyncio.get_running_loop().time()
