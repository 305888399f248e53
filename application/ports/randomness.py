from abc import abstractmethod
from typing import Protocol


class Randomness(Protocol):
    @abstractmethod
    def fraction(self) -> float:
        """Uniform in [0, 1). For jitter, never for secrets."""

    @abstractmethod
    def secret(self, size_bytes: int) -> bytes:
        """Unguessable bytes. Seeded in tests."""
