"""For how many more alerts each integration has room, without counting them for every batch.

Counting costs as much as there are: 3 µs an alert. So a count holds until a tenth of the room that it found is used up,
or for a minute, since other processes open alerts too: each of them may pass the limit by a tenth of that room at most.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.shared.ids import IntegrationId

_USED_PART: Final = 10
_GOOD_FOR: Final = timedelta(minutes=1)
# Where there is none, it is looked for again so soon.
_FULL_FOR: Final = timedelta(seconds=1)
_MOST: Final = 10_000  # integrations; the one that was counted longest ago is counted again


@dataclass(slots=True)
class _Room:
    free: int
    counted_below: int
    counted_at: datetime


class OpenAlertRoom:
    """One for each process."""

    def __init__(self) -> None:
        self._of: OrderedDict[IntegrationId, _Room] = OrderedDict()

    def must_be_counted(self, integration_id: IntegrationId, wanted: int, *, at: datetime) -> bool:
        """Whether nobody knows if there is room for so many."""
        room = self._of.get(integration_id)
        if room is None:
            return True
        if not room.free:
            return at >= room.counted_at + _FULL_FOR
        return room.free - wanted < room.counted_below or at >= room.counted_at + _GOOD_FOR

    def counted(self, integration_id: IntegrationId, free: int, *, at: datetime) -> None:
        """There is room for so many, or for none."""
        free = max(0, free)
        self._of[integration_id] = _Room(free, free - free // _USED_PART, at)
        self._of.move_to_end(integration_id)
        if len(self._of) > _MOST:
            self._of.popitem(last=False)

    def take(self, integration_id: IntegrationId) -> bool:
        """Take the room of one alert, if there is any. It has been counted before."""
        room = self._of.get(integration_id)
        if room is None or room.free < 1:
            return False
        room.free -= 1
        return True
