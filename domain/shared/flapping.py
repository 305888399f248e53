"""What flapping is: a condition that comes and goes, and would page at each turn.

An alert is flapping when it begins to fire more often than a rule allows within a time. It then stays one alert, whose
end is believed only when it has not been reported as firing for as long as that same time. Then none of its turns
counts any more, and so: within any such time, an alert begins at most once more often than the rule allows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.shared.errors import InvalidValueError
from domain.shared.limits import FLAPPING_SECONDS_MAX, FLAPPING_TURNS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """How often an alert may begin within a time before it is flapping.

    Raises:
        InvalidValueError: a part is outside its limit.
    """

    turns: int
    within: timedelta

    def __post_init__(self) -> None:
        if not 1 <= self.turns <= FLAPPING_TURNS_MAX:
            raise InvalidValueError("flapping.turns", f"is {self.turns}, allowed are 1 to {FLAPPING_TURNS_MAX}")
        if not timedelta(0) < self.within <= timedelta(seconds=FLAPPING_SECONDS_MAX):
            reason = f"is {self.within.total_seconds():g}, allowed are 1 to {FLAPPING_SECONDS_MAX}"
            raise InvalidValueError("flapping.within_seconds", reason)

    def counted(self, before: Iterable[datetime], *, at: datetime) -> tuple[datetime, ...]:
        """The turns that count when one more comes now, oldest first: no more of them than decide."""
        recent = [turn for turn in before if turn > at - self.within]
        return (*recent, at)[-(self.turns + 1) :]

    def is_reached(self, counted: tuple[datetime, ...]) -> bool:
        return len(counted) > self.turns
