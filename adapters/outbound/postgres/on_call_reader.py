from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.on_call_reader import OnCallReader, PageReceived
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import STEP_DELAY_SECONDS_MAX

# How long before its delivery a page may have been made: the longest delay of a rule, and a day of tries.
_LONGEST_WAIT: Final = timedelta(seconds=STEP_DELAY_SECONDS_MAX, days=1)

_TIME_ZONES = "SELECT id, time_zone FROM users WHERE id = ANY($1::uuid[])"
# From a user's pages of the time to the attempt that delivered each, so the cost is that of what is counted.
PAGES = """
SELECT n.user_id, a.started_at FROM notifications n
JOIN delivery_attempts a ON a.notification_id = n.id AND a.outcome = 'delivered'
  AND a.started_at >= $2 AND a.started_at < $3
WHERE n.user_id = ANY($1::uuid[]) AND n.purpose = 'page'
  AND n.created_at >= $2::timestamptz - $4::interval AND n.created_at < $3
ORDER BY a.started_at, n.user_id LIMIT $5
"""
# Each half by an index of its own. A turn is an array within the participants', which containment looks into.
SCHEDULES_OF = """
SELECT id FROM schedules
WHERE layers @> jsonb_build_array(jsonb_build_object('rotation', jsonb_build_object('participants',
  jsonb_build_array(jsonb_build_array($1::uuid::text)))))
UNION
SELECT schedule_id FROM schedule_overrides WHERE user_id = $1 AND ends_at > $2
ORDER BY id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class PostgresOnCallReader(OnCallReader):
    session: PostgresSession

    async def time_zones(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        rows = await self.session.fetch(_TIME_ZONES, list(user_ids))
        return {UserId(row["id"]): row["time_zone"] for row in rows}

    async def pages(self, user_ids: Collection[UserId], interval: Interval, *, limit: int) -> tuple[PageReceived, ...]:
        rows = await self.session.fetch(PAGES, list(user_ids), interval.start, interval.end, _LONGEST_WAIT, limit)
        return tuple(PageReceived(UserId(row["user_id"]), row["started_at"]) for row in rows)

    async def schedules_of(self, user_id: UserId, *, since: datetime, limit: int) -> tuple[ScheduleId, ...]:
        rows = await self.session.fetch(SCHEDULES_OF, user_id, since, limit)
        return tuple(ScheduleId(row["id"]) for row in rows)
