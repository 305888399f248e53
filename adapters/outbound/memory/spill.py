from collections.abc import Sequence
from dataclasses import dataclass, field

from application.alert.routed import ReceivedEvent
from application.ports.alert_requests import ReceivedRequest
from application.ports.errors import TransientPortError
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import DeadLetter, ReceivedChange
from application.ports.spill import Spill


@dataclass(slots=True)
class MemorySpill(Spill):
    kept: list[ReceivedEvent] = field(default_factory=list)
    changes: list[ReceivedChange] = field(default_factory=list)
    requests: list[ReceivedRequest] = field(default_factory=list)
    pings: list[ReceivedPing] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    is_away: bool = False

    async def put(self, batch: Sequence[ReceivedEvent]) -> None:
        self._require_present()
        self.kept.extend(batch)

    async def put_change(self, change: ReceivedChange) -> None:
        self._require_present()
        self.changes.append(change)

    async def put_request(self, request: ReceivedRequest) -> None:
        self._require_present()
        self.requests.append(request)

    async def put_ping(self, ping: ReceivedPing) -> None:
        self._require_present()
        self.pings.append(ping.cut())

    async def put_letter(self, letter: DeadLetter) -> None:
        self._require_present()
        self.letters.append(letter)

    async def holds_any(self) -> bool:
        self._require_present()
        return bool(self.kept or self.changes or self.requests or self.pings or self.letters)

    def _require_present(self) -> None:
        if self.is_away:
            raise TransientPortError("the spill is away")
