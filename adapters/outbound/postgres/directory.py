from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.outbound.postgres.bodies import schedule_from_rows
from adapters.outbound.postgres.schedule_history import as_in_force
from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.directory import Directory, Reachability, Unreachable
from domain.identity.role import Role
from domain.notification.contact import Channel, Contact
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.oncall.schedule import Schedule
from domain.shared.ids import ContactId, ScheduleId, TeamId, UserId
from domain.shared.urgency import Urgency

_SCHEDULES = "SELECT * FROM schedules WHERE id = ANY($1::uuid[])"
_OVERRIDES = "SELECT * FROM schedule_overrides WHERE schedule_id = ANY($1::uuid[]) AND ends_at > $2 ORDER BY id"
_TEMPORARIES = "SELECT * FROM schedule_temporaries WHERE schedule_id = ANY($1::uuid[]) AND ends_at > $2 ORDER BY id"
_RECENT: Final = timedelta(days=1)  # more than any two clocks differ
_MEMBERS = "SELECT team_id, user_id FROM team_members WHERE team_id = ANY($1::uuid[]) ORDER BY team_id, position"
# A whole `Reachability` as JSON, of each active user in one statement: a worker asks for it before every page.
_REACHABILITY = """
SELECT json_build_object(
  'user_id', u.id,
  'contacts', (
    SELECT coalesce(json_agg(json_build_object('id', c.id, 'user_id', c.user_id, 'channel', c.channel,
      'address', c.address, 'label', c.label, 'verified_at', c.verified_at) ORDER BY c.id), '[]')
    FROM contacts c WHERE c.user_id = u.id
  ),
  'rules', (
    SELECT coalesce(json_agg(json_build_object('urgency', r.urgency, 'position', r.position,
      'contact_id', r.contact_id, 'delay', 'PT' || r.delay_seconds || 'S') ORDER BY r.urgency, r.position), '[]')
    FROM notification_rules r WHERE r.user_id = u.id
  ),
  'quiet_hours', (
    SELECT json_build_object('starts', q.starts, 'ends', q.ends, 'time_zone', u.time_zone)
    FROM user_quiet_hours q WHERE q.user_id = u.id
  )
)::text AS body FROM users u WHERE u.id = ANY($1::uuid[]) AND u.is_active
"""
_QUIET_HOURS = """
SELECT q.*, u.time_zone FROM user_quiet_hours q JOIN users u ON u.id = q.user_id WHERE q.user_id = ANY($1::uuid[])
"""
_ADMINS = "SELECT id FROM users WHERE is_active AND role = $1 ORDER BY id"
_BY_EMAIL = "SELECT id FROM users WHERE is_active AND email = ANY($1::text[]) ORDER BY id"
_TURNS = """
  SELECT (member #>> '{}')::uuid AS id FROM schedules s, jsonb_array_elements(s.layers) layer,
    jsonb_array_elements(layer -> 'rotation' -> 'participants') turn, jsonb_array_elements(turn) member
"""
# A contact works that counts, unless it refused since something got through last. Unverified ones count where all are.
_WITHOUT_CONTACT = """
SELECT u.id, u.name FROM (SELECT DISTINCT id FROM meant) m JOIN users u ON u.id = m.id
WHERE NOT u.is_active OR NOT EXISTS (
  SELECT FROM contacts c LEFT JOIN contact_proofs p ON p.contact_id = c.id
  WHERE c.user_id = u.id AND (p.refused_at IS NULL OR p.delivered_at >= p.refused_at) AND (
    c.verified_at IS NOT NULL
    OR NOT EXISTS (SELECT FROM contacts v WHERE v.user_id = u.id AND v.verified_at IS NOT NULL)
  )
) ORDER BY u.id
"""
_UNREACHABLE = f"""
WITH meant AS (
  SELECT unnest($1::uuid[]) AS id
  UNION ALL SELECT user_id FROM team_members WHERE team_id = ANY($2::uuid[])
  UNION ALL {_TURNS} WHERE s.id = ANY($3::uuid[])
) {_WITHOUT_CONTACT}
"""  # noqa: S608  # the braces hold constants
_UNREACHABLE_ANYWHERE = f"""
WITH targets AS (
  SELECT target ->> 'kind' AS kind, target ->> 'id' AS id
  FROM policies p JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.version,
    jsonb_array_elements(v.body -> 'steps') step, jsonb_array_elements(step -> 'targets') target
), meant AS (
  SELECT t.id::uuid AS id FROM targets t WHERE t.kind = 'user'
  UNION ALL SELECT m.user_id FROM targets t JOIN team_members m ON m.team_id::text = t.id WHERE t.kind = 'team'
  UNION ALL {_TURNS}
) {_WITHOUT_CONTACT} LIMIT $1
"""  # noqa: S608

_reachability: Final = msgspec.json.Decoder(Reachability)


@dataclass(frozen=True, slots=True)
class PostgresDirectory(Directory):
    session: PostgresSession

    async def schedules(self, schedule_ids: Collection[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, Schedule]:
        if not schedule_ids:
            return {}
        rows = await as_in_force(self.session, await self.session.fetch(_SCHEDULES, list(schedule_ids)), at=at)
        overrides: dict[ScheduleId, list[Row]] = defaultdict(list)
        for override in await self.session.fetch(_OVERRIDES, list(schedule_ids), at - _RECENT):
            overrides[override["schedule_id"]].append(override)
        temporaries: dict[ScheduleId, list[Row]] = defaultdict(list)
        for temporary in await self.session.fetch(_TEMPORARIES, list(schedule_ids), at - _RECENT):
            temporaries[temporary["schedule_id"]].append(temporary)
        return {
            ScheduleId(row["id"]): schedule_from_rows(row, overrides[row["id"]], temporaries[row["id"]]) for row in rows
        }

    async def team_members(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, tuple[UserId, ...]]:
        if not team_ids:
            return {}
        members: dict[TeamId, list[UserId]] = defaultdict(list)
        for row in await self.session.fetch(_MEMBERS, list(team_ids)):
            members[TeamId(row["team_id"])].append(UserId(row["user_id"]))
        return {team_id: tuple(user_ids) for team_id, user_ids in members.items()}

    async def admins(self) -> tuple[UserId, ...]:
        return tuple(UserId(row["id"]) for row in await self.session.fetch(_ADMINS, Role.ADMIN))

    async def active_by_email(self, emails: Collection[str]) -> tuple[UserId, ...]:
        if not emails:
            return ()
        return tuple(UserId(row["id"]) for row in await self.session.fetch(_BY_EMAIL, list(emails)))

    async def unreachable(
        self, user_ids: Collection[UserId], team_ids: Collection[TeamId], schedule_ids: Collection[ScheduleId]
    ) -> tuple[Unreachable, ...]:
        rows = await self.session.fetch(_UNREACHABLE, list(user_ids), list(team_ids), list(schedule_ids))
        return tuple(Unreachable(UserId(row["id"]), row["name"]) for row in rows)

    async def unreachable_anywhere(self, *, limit: int) -> tuple[Unreachable, ...]:
        rows = await self.session.fetch(_UNREACHABLE_ANYWHERE, limit)
        return tuple(Unreachable(UserId(row["id"]), row["name"]) for row in rows)

    async def reachability(self, user_ids: Collection[UserId]) -> Mapping[UserId, Reachability]:
        if not user_ids:
            return {}
        rows = await self.session.fetch(_REACHABILITY, list(user_ids))
        return {each.user_id: each for each in (_reachability.decode(row["body"]) for row in rows)}


async def quiet_hours_of(session: PostgresSession, user_ids: Collection[UserId]) -> Mapping[UserId, QuietHours]:
    """In the zones that the users are in now."""
    return {
        UserId(row["user_id"]): QuietHours(starts=row["starts"], ends=row["ends"], time_zone=row["time_zone"])
        for row in await session.fetch(_QUIET_HOURS, list(user_ids))
    }


def contact_of(row: Row) -> Contact:
    return Contact(
        id=ContactId(row["id"]),
        user_id=UserId(row["user_id"]),
        channel=Channel(row["channel"]),
        address=row["address"],
        label=row["label"],
        verified_at=row["verified_at"],
    )


def rule_of(row: Row) -> NotificationRule:
    return NotificationRule(
        urgency=Urgency(row["urgency"]),
        position=row["position"],
        contact_id=ContactId(row["contact_id"]),
        delay=timedelta(seconds=row["delay_seconds"]),
    )
