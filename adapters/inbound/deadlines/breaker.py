"""When a channel keeps failing, asking it less often costs it, and us, less. Nothing is lost: what waits, waits."""

from dataclasses import dataclass
from typing import Final

FAILURES_TO_OPEN: Final = 5
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row. Open, it lets one attempt through after each pause, and every pause is longer."""

    failures: int = 0
    closed_until: float = 0.0  # monotonic; before it nothing passes

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES_TO_OPEN

    def allowed(self, wanted: int, *, now: float) -> int:
        """How many attempts may begin."""
        if not self.is_open:
            return wanted
        return min(wanted, 1) if now >= self.closed_until else 0

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, *, now: float) -> None:
        self.failures += 1
        if self.is_open:
            doublings = min(self.failures - FAILURES_TO_OPEN, 10)
            self.closed_until = now + min(FIRST_PAUSE_SECONDS * 2**doublings, LONGEST_PAUSE_SECONDS)
