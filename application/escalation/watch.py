from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.escalations import RunRepository

# A deadline this late has been missed by every worker, not merely waited for.
GRACE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class CountStalled:
    """How many open, unacknowledged incidents nothing will happen to, and nothing says why (P2). Should be none."""

    runs: RunRepository
    clock: Clock

    async def __call__(self) -> int:
        return await self.runs.count_stalled(at=self.clock.now() - GRACE)
