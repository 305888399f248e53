from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol


class Offload(Protocol):
    """A place for computing that takes longer than others should wait."""

    @abstractmethod
    async def run[Result](self, work: Callable[[], Result]) -> Result:
        """What the work returns or raises. It shares no state with anybody."""
