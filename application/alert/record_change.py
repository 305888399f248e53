from dataclasses import dataclass

from application.ports.intake import IntakeStore, ReceivedChange
from application.ports.transaction import Transaction


@dataclass(frozen=True, slots=True)
class RecordChange:
    """Keeps a change event beside its service, for whoever works on an incident there."""

    intake: IntakeStore
    transaction: Transaction

    async def __call__(self, received: ReceivedChange) -> None:
        """Raises `TransientPortError` when storage is away."""
        async with self.transaction:
            await self.intake.record_changes((received,))
