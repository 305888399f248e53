from collections.abc import Sequence

from application.ports.alarm import Alarm, Heartbeat, StalledReport
from application.ports.errors import TransientPortError


class MemoryAlarm(Alarm, Heartbeat):
    """Remembers what it heard, once it is set up, unless it is told to be deaf."""

    def __init__(self) -> None:
        self.is_deaf = False
        self.heard: list[StalledReport] = []
        self.beats = 0
        self._is_set_up = True

    @property
    def is_set_up(self) -> bool:
        return self._is_set_up

    async def sound(self, reports: Sequence[StalledReport]) -> None:
        self._listen()
        self.heard += reports

    async def beat(self) -> None:
        self._listen()
        self.beats += 1

    def _listen(self) -> None:
        if self.is_deaf:
            raise TransientPortError("it answered 503")
