"""One tick of every alert that its sender was meant to repeat, and did not."""

from dataclasses import dataclass
from typing import Final

from application.alert.clear import ClearAlerts
from application.alert.find_ended_overflows import FindEndedOverflows
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.transaction import Transaction
from domain.shared.via import Via

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class ExpireAlerts:
    """Marks alerts whose sender fell silent, or ends them where their rule or integration says so."""

    alerts: AlertRepository
    find_ended_overflows: FindEndedOverflows
    clear_alerts: ClearAlerts
    transaction: Transaction
    clock: Clock

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many were due. A full batch means that there may be more."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.alerts.claim_due(at=at, limit=limit)
            kept = [each.alert for each in due if not each.is_over]
            await self.alerts.save_silent([alert.tick(at=at) for alert in kept])
            ended = [each for each in due if each.is_over]
            if ended:
                over = [each.alert for each in ended]
                await self.clear_alerts([*over, *await self.find_ended_overflows(over)], via=Via.SYSTEM, at=at)
            return len(due)
