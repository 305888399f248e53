from dataclasses import dataclass
from uuid import UUID

from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.intake import IntakeStore, IntakeTarget
from application.ports.transaction import Transaction
from domain.alert.alert_event import ChangeEvent


@dataclass(frozen=True, slots=True)
class RecordChange:
    """Keeps a change event beside its service, for whoever works on an incident there."""

    intake: IntakeStore
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, target: IntakeTarget, change: ChangeEvent) -> UUID:
        change_id = self.ids.new()
        async with self.transaction:
            await self.intake.record_change(change_id, target.integration, change, at=self.clock.now())
        return change_id
