from abc import abstractmethod
from datetime import timedelta
from typing import Protocol


class Wakeup(Protocol):
    """A hint that something was committed. Losing one only costs the wait until the next look."""

    @abstractmethod
    async def wait(self, *, most: timedelta) -> None:
        """Return at the next hint, or after `most`. A hint given since the last wait counts."""

    @property
    def is_given(self) -> bool:
        """Whether `wait` would return at once, so that nobody has to know for how long. Who cannot tell says no."""
        return False
