from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from application.authorize import require
from application.oncall.as_known import known_schedule, require_known_by
from application.oncall.span import require_span
from application.ports.clock import Clock
from application.ports.holidays import HolidayCalendar
from application.ports.on_call_reader import OnCallReader
from application.ports.schedule_history import ScheduleHistory
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.history import as_known
from domain.oncall.load import Fairness, Load, fairness, loads
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval

# A year of a hundred people who get a page a day, and some: a report on more is asked for in parts.
PAGES_COUNTED: Final = 50_000
_NO_LONGER_THERE: Final = "UTC"  # the zone of who left with the demonstration
_DAY: Final = timedelta(days=1)


class Region(NamedTuple):
    """Whose holidays count."""

    country: str
    subdivision: str | None = None

    @classmethod
    def read(cls, code: str) -> "Region":
        """From an ISO 3166 code."""
        country, _, subdivision = code.partition("-")
        return cls(country, subdivision or None)


class PersonLoad(NamedTuple):
    load: Load
    fairness: Fairness
    zone: ZoneInfo  # whose nights and weekends were counted


@dataclass(frozen=True, slots=True)
class ScheduleLoad:
    """What being on call in a schedule cost each of those who share it, or is going to."""

    history: ScheduleHistory
    reader: OnCallReader
    holidays: HolidayCalendar
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        interval: Interval,
        *,
        region: Region | None = None,
        known_at: datetime | None = None,
        actor: Actor,
    ) -> tuple[PersonLoad, ...]:
        """By user; as was known at an instant, or, without one, as is known now.

        Holidays are those of each person's own region; `region` is that of those who have none. Who is left without has
        no hours on holidays.

        Raises:
            ForbiddenError, NotFoundError.
            InvalidValueError: more than 366 days or 50,000 pages, an unknown region, or what is known in the future.
        """
        require(actor, Permission.READ)
        require_span(interval)
        require_known_by(known_at, now=self.clock.now())
        known = await known_schedule(self.history, schedule_id, interval, known_at=known_at)
        timeline = as_known(known.history, known_at)
        found = timeline.shifts(interval)
        people = timeline.participants(interval, found)
        names = await self.reader.time_zones(people)
        zones = {user_id: ZoneInfo(names.get(user_id, _NO_LONGER_THERE)) for user_id in people}
        shared = loads(
            found,
            zones=zones,
            holidays=await self._holidays(people, region, interval),
            pages=await self._pages(zones, interval),
        )
        rows = zip(shared, fairness(shared), strict=True)
        return tuple(PersonLoad(load, share, zones[load.user_id]) for load, share in rows)

    async def _holidays(
        self, people: Collection[UserId], default: Region | None, interval: Interval
    ) -> Mapping[UserId, frozenset[date]]:
        """Those of each person."""
        named = await self.reader.holiday_regions(people)
        regions = {user_id: Region.read(named[user_id]) if user_id in named else default for user_id in people}
        # A day more on each side: no local date is further from the date in UTC.
        first, last = interval.start.date() - _DAY, interval.end.date() + _DAY
        dates = {
            region: self.holidays.dates(region.country, region.subdivision, first=first, last=last)
            for region in {default, *regions.values()}
            if region is not None
        }
        return {user_id: dates[region] for user_id, region in regions.items() if region is not None}

    async def _pages(self, people: Mapping[UserId, ZoneInfo], interval: Interval) -> Mapping[UserId, list[datetime]]:
        received: defaultdict[UserId, list[datetime]] = defaultdict(list)
        pages = await self.reader.pages(people.keys(), interval, limit=PAGES_COUNTED + 1)
        if len(pages) > PAGES_COUNTED:
            raise InvalidValueError("interval", f"holds more than {PAGES_COUNTED} pages: ask for a shorter one")
        for page in pages:
            received[page.user_id].append(page.at)
        return received
