from abc import abstractmethod
from typing import Protocol
from uuid import UUID


class IdFactory(Protocol):
    @abstractmethod
    def new(self) -> UUID:
        """A UUIDv7: never made before, and after every one that this process made."""
