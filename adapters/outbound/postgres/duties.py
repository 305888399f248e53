from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.duties import Duties
from domain.shared.ids import ScheduleId, UserId

# A turn that holds the user is found by containment (PostgreSQL documentation, 8.14.3). It reads the schedules, which
# are configuration and few, and looks by an index into each one's overrides that are not over: the limit keeps the
# planner from joining all overrides that ever were.
_SCHEDULES_OF: Final = """
SELECT s.id FROM schedules s
LEFT JOIN LATERAL (
  SELECT true AS is_there FROM schedule_overrides o
  WHERE o.schedule_id = s.id AND o.ends_at > $2 AND o.user_id = $1 LIMIT 1
) stands_in ON true
WHERE stands_in.is_there OR s.layers @> jsonb_build_array(
  jsonb_build_object('rotation', jsonb_build_object('participants', jsonb_build_array(jsonb_build_array($1::uuid))))
)
ORDER BY s.id
"""


@dataclass(frozen=True, slots=True)
class PostgresDuties(Duties):
    session: PostgresSession

    async def schedules_of(self, user_id: UserId, *, since: datetime) -> tuple[ScheduleId, ...]:
        rows = await self.session.fetch(_SCHEDULES_OF, user_id, since)
        return tuple(ScheduleId(row["id"]) for row in rows)
