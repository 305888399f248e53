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
# A turn is an array within the participants', which containment looks into.
_NAMES = """@> jsonb_build_array(jsonb_build_object('rotation', jsonb_build_object('participants',
  jsonb_build_array(jsonb_build_array($1::uuid::text)))))"""
# Each part by an index of its own. A schedule has the layers made last; what was in force at the instant, or will be
# before them, is among the versions of those schedules that have changed since, and of no others.
SCHEDULES_OF = f"""
WITH changes AS (SELECT schedule_id, body FROM schedule_versions WHERE effective_at > $2 AND replaced_at IS NULL)
SELECT id FROM schedules WHERE layers {_NAMES}
UNION
SELECT schedule_id FROM changes WHERE body -> 'layers' {_NAMES}
UNION
SELECT v.schedule_id FROM (SELECT DISTINCT schedule_id FROM changes) changed CROSS JOIN LATERAL (
  SELECT schedule_id, body FROM schedule_versions
  WHERE schedule_id = changed.schedule_id AND effective_at <= $2 AND replaced_at IS NULL
  ORDER BY effective_at DESC LIMIT 1
) v WHERE v.body -> 'layers' {_NAMES}
UNION
SELECT schedule_id FROM schedule_overrides WHERE user_id = $1 AND ends_at > $2 AND kind <> 'remove'
UNION
SELECT schedule_id FROM schedule_temporaries
WHERE shifts @> jsonb_build_array(jsonb_build_object('user_id', $1::uuid::text)) AND ends_at > $2
ORDER BY id LIMIT $3
"""  # noqa: S608  # nothing but the constant above is put into the text


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
