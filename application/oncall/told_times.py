"""Times and people as a message names them: each reader's own wall clock, and names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from application.ports.on_call_reader import OnCallReader
from application.ports.readers import IncidentReader
from domain.shared.ids import UserId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class Readers:
    """Of those who are to read something: their names, and where they live."""

    names: Mapping[UserId, str]
    zones: Mapping[UserId, str]

    def named(self, user_ids: Collection[UserId]) -> str:
        """Names by commas; nobody is a gap."""
        return ", ".join(self.names.get(user_id, "somebody") for user_id in user_ids) or "nobody: a gap"

    def moment(self, at: datetime, reader: UserId) -> str:
        """An instant on the reader's own clock, to the minute."""
        return f"{at.astimezone(ZoneInfo(self.zones.get(reader, 'UTC'))):%a %d %b %Y %H:%M %Z}"

    def span(self, interval: Interval, reader: UserId) -> str:
        return f"{self.moment(interval.start, reader)} to {self.moment(interval.end, reader)}"


@dataclass(frozen=True, slots=True)
class FindReaders:
    people: IncidentReader
    on_call: OnCallReader

    async def __call__(self, user_ids: Collection[UserId]) -> Readers:
        """Two reads, whatever the number."""
        return Readers(await self.people.user_names(user_ids), await self.on_call.time_zones(user_ids))
