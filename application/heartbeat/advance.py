"""One tick of every heartbeat whose deadline has come."""

from dataclasses import dataclass
from typing import Final

from application.heartbeat.report import Heard, ReportHeartbeats
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository
from application.ports.transaction import Transaction
from domain.heartbeat.heartbeat import Heartbeat

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class AdvanceHeartbeats:
    """Opens an alert for each heartbeat that was not heard in time."""

    heartbeats: HeartbeatRepository
    report: ReportHeartbeats
    transaction: Transaction
    clock: Clock

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many were due. A full batch means that there may be more."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.heartbeats.claim_due(at=at, limit=limit)
            ticked = [heartbeat.tick(at=at) for heartbeat in due]
            await self.heartbeats.save_ticked(ticked)
            await self.report(
                [Heard(before, after, _reason(before)) for before, after in zip(due, ticked, strict=True)], at=at
            )
            return len(due)


def _reason(heartbeat: Heartbeat) -> str:
    if heartbeat.started_at is not None:
        return f"its run began at {heartbeat.started_at:%Y-%m-%d %H:%M:%S} UTC and has not ended"
    if heartbeat.last_success_at is None:
        return "no sign of life"
    return f"no sign of life since {heartbeat.last_success_at:%Y-%m-%d %H:%M:%S} UTC"
