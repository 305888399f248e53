from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.escalation.stall import StallReason


@dataclass(frozen=True, slots=True, kw_only=True)
class StalledReport:
    """What somebody else's system is told about one incident."""

    reference: str  # INC-123
    title: str
    severity: str
    service: str
    triggered_at: datetime
    reason: StallReason
    url: str


class Alarm(Protocol):
    """A way out of this installation that depends on nothing of it: not on policies, runs, contacts or couriers."""

    @property
    @abstractmethod
    def is_set_up(self) -> bool: ...

    @abstractmethod
    async def sound(self, reports: Sequence[StalledReport]) -> None:
        """Raises `PortError` when it is not known to have been heard."""


class Heartbeat(Protocol):
    """The sign of life that somebody else's dead man's switch waits for."""

    @abstractmethod
    async def beat(self) -> None:
        """Raises `PortError` when it is not known to have been heard."""
