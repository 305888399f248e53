from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.outbound.memory.database import MemorySession
from application.ports.notifier import Outcome
from application.ports.on_call_reader import OnCallReader, PageReceived
from domain.notification.notification import Purpose
from domain.oncall.history import History, as_known, bearing_on
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval

_THE_END: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MemoryOnCallReader(OnCallReader):
    session: MemorySession

    async def time_zones(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        users = self.session.database.users
        return {user_id: users[user_id].time_zone for user_id in user_ids if user_id in users}

    async def pages(self, user_ids: Collection[UserId], interval: Interval, *, limit: int) -> tuple[PageReceived, ...]:
        database = self.session.database
        found = [
            PageReceived(page.user_id, attempt.started_at)
            for attempt in database.attempts
            if attempt.outcome is Outcome.DELIVERED and interval.contains(attempt.started_at)
            for page in (database.notifications[attempt.notification_id],)
            if page.purpose is Purpose.PAGE and page.user_id is not None and page.user_id in user_ids
        ]
        return tuple(sorted(found, key=lambda page: (page.at, page.user_id))[:limit])

    async def schedules_of(self, user_id: UserId, *, since: datetime, limit: int) -> tuple[ScheduleId, ...]:
        histories = self.session.database.schedule_histories
        return tuple(sorted(each for each in histories if user_id in _people(histories[each], since))[:limit])


def _people(history: History, since: datetime) -> frozenset[UserId]:
    timeline = as_known(bearing_on(history, Interval(start=since, end=_THE_END)))
    return frozenset[UserId]().union(*(phase.schedule.people for phase in timeline.phases))
