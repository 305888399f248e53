from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time that every process of an installation agrees on."""

    @abstractmethod
    def now(self) -> datetime:
        """Aware, in UTC."""
