from collections.abc import Sequence
from dataclasses import dataclass, field

from application.alert.ingest import ReceivedEvent
from application.ports.errors import TransientPortError
from application.ports.spill import Spill


@dataclass(slots=True)
class MemorySpill(Spill):
    kept: list[ReceivedEvent] = field(default_factory=list)
    is_away: bool = False

    async def put(self, batch: Sequence[ReceivedEvent]) -> None:
        self._require_present()
        self.kept.extend(batch)

    async def holds_any(self) -> bool:
        self._require_present()
        return bool(self.kept)

    def _require_present(self) -> None:
        if self.is_away:
            raise TransientPortError("the spill is away")
