from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.ports.clock import Clock
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.quiet_watches import DueWatch, QuietWatchRepository
from application.ports.transaction import Transaction
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.service.integration import Integration
from domain.service.quiet import Finding, QuietWatch
from domain.shared.limits import SUMMARY_CHARACTERS

BATCH: Final = 100
# One alert of an integration says that it is quiet; no sender's own key begins so.
DEDUP_KEY: Final = "tocsin:quiet"


@dataclass(frozen=True, slots=True)
class WatchQuietIntegrations:
    """Opens an alert of each integration that has fallen quiet, and clears it when it is heard again."""

    watches: QuietWatchRepository
    integrations: IntegrationRepository
    intake: IntakeStore
    ingest: IngestEvents
    transaction: Transaction
    clock: Clock

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many were looked at. A full batch means that there may be more."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.watches.claim_due(at=at, limit=limit)
            received = []
            for each in due:
                watch, finding = each.watch.look(heard_at=each.heard_at, at=at)
                if finding is not Finding.NOTHING:
                    event = await self._event(each, finding, at)
                    if event is None:
                        continue  # its key was rotated between two statements: the next look finds the new one
                    received.append(event)
                await self.watches.save(watch)
            if received:
                await self.ingest.apply(received)
            return len(due)

    async def _event(self, due: DueWatch, finding: Finding, at: datetime) -> ReceivedEvent | None:
        integration = await self.integrations.look_up(due.watch.integration_id)
        target = await self.intake.target_of(integration.key_hash, at=at)
        if target is None:
            return None
        event = _resolve() if finding is Finding.IS_BACK else _trigger(integration, due.watch, due.heard_at)
        return ReceivedEvent(target, event, None)


def _trigger(integration: Integration, watch: QuietWatch, heard_at: datetime | None) -> AlertEvent:
    last = "never" if heard_at is None else f"{heard_at:%Y-%m-%d %H:%M} UTC"
    summary = f"{integration.name} has fallen silent: nothing came for {_span(watch.after)} (last: {last})"
    return AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=DEDUP_KEY,
        summary=summary[:SUMMARY_CHARACTERS],
        source=integration.name,
        severity=AlertSeverity.ERROR,
        details={
            "integration_id": str(integration.id),
            "last_received_at": None if heard_at is None else heard_at.isoformat(),
        },
    )


def _resolve() -> AlertEvent:
    return AlertEvent(action=AlertAction.RESOLVE, dedup_key=DEDUP_KEY)


def _span(duration: timedelta) -> str:
    minutes = int(duration.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h" if not rest else f"{hours} h {rest} min"
