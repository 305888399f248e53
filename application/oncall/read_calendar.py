from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.errors import NotFoundError
from application.ports.calendar_feeds import CalendarFeedRepository
from application.ports.clock import Clock
from application.ports.on_call_reader import OnCallReader
from application.ports.readers import IncidentReader
from application.ports.schedules import ScheduleRepository
from domain.identity.credential import secret_hash
from domain.oncall.feed import SCHEDULES_OF_A_PERSON, CalendarFeed, FeedShift, feed_shifts, feed_since
from domain.oncall.schedule import Schedule
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What a feed shows: shifts by their start, and the names of those who have them."""

    feed: CalendarFeed
    name: str  # of the person or the schedule
    shifts: tuple[FeedShift, ...]
    names: Mapping[UserId, str]


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """Whoever has the token of a feed sees its shifts."""

    feeds: CalendarFeedRepository
    schedules: ScheduleRepository
    reader: OnCallReader
    people: IncidentReader
    clock: Clock

    async def __call__(self, token: str) -> Calendar:
        """Raises `NotFoundError`, which does not repeat the token."""
        feed = await self.feeds.find(secret_hash(token))
        if feed is None:
            raise NotFoundError("calendar", "at this address")
        at = self.clock.now()
        schedules = await self._schedules(feed, since=feed_since(at))
        shown = [each for schedule in schedules for each in feed_shifts(schedule, at, user_id=feed.user_id)]
        user_ids = {each.shift.user_id for each in shown}
        names = await self.people.user_names(user_ids if feed.user_id is None else {feed.user_id})
        return Calendar(
            feed=feed,
            name=schedules[0].name if feed.user_id is None else names.get(feed.user_id, ""),
            shifts=tuple(sorted(shown, key=lambda each: (each.shift.interval.start, each.uid))),
            names=names,
        )

    async def _schedules(self, feed: CalendarFeed, *, since: datetime) -> tuple[Schedule, ...]:
        if feed.schedule_id is not None:
            return (await self.schedules.look_up(feed.schedule_id, since=since),)
        assert feed.user_id is not None, "a feed is of a person or of a schedule"
        ids = await self.reader.schedules_of(feed.user_id, since=since, limit=SCHEDULES_OF_A_PERSON)
        return await self.schedules.look_up_many(ids, since=since) if ids else ()
