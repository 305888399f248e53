from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from adapters.outbound.postgres.bodies import schedule_from_rows
from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.directory import Directory, Reachability
from domain.notification.contact import Channel, Contact
from domain.notification.rule import NotificationRule
from domain.oncall.schedule import Schedule
from domain.shared.ids import ContactId, ScheduleId, TeamId, UserId
from domain.shared.urgency import Urgency

_SCHEDULES = "SELECT * FROM schedules WHERE id = ANY($1::uuid[])"
# Whoever asks is asking about now; a day is more than any two clocks differ.
_OVERRIDES = """
SELECT * FROM schedule_overrides WHERE schedule_id = ANY($1::uuid[]) AND ends_at > now() - $2::interval ORDER BY id
"""
_TEMPORARIES = """
SELECT * FROM schedule_temporaries WHERE schedule_id = ANY($1::uuid[]) AND ends_at > now() - $2::interval ORDER BY id
"""
_RECENT: Final = timedelta(days=1)
_MEMBERS = "SELECT team_id, user_id FROM team_members WHERE team_id = ANY($1::uuid[]) ORDER BY team_id, position"
_CONTACTS = """
SELECT c.* FROM contacts c JOIN users u ON u.id = c.user_id WHERE u.id = ANY($1::uuid[]) AND u.is_active ORDER BY c.id
"""
_RULES = "SELECT * FROM notification_rules WHERE user_id = ANY($1::uuid[]) ORDER BY user_id, urgency, position"
_ACTIVE = "SELECT id FROM users WHERE id = ANY($1::uuid[]) AND is_active"


@dataclass(frozen=True, slots=True)
class PostgresDirectory(Directory):
    session: PostgresSession

    async def schedules(self, schedule_ids: Collection[ScheduleId]) -> Mapping[ScheduleId, Schedule]:
        if not schedule_ids:
            return {}
        rows = await self.session.fetch(_SCHEDULES, list(schedule_ids))
        overrides: dict[ScheduleId, list[Row]] = defaultdict(list)
        for override in await self.session.fetch(_OVERRIDES, list(schedule_ids), _RECENT):
            overrides[override["schedule_id"]].append(override)
        temporaries: dict[ScheduleId, list[Row]] = defaultdict(list)
        for temporary in await self.session.fetch(_TEMPORARIES, list(schedule_ids), _RECENT):
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

    async def reachability(self, user_ids: Collection[UserId]) -> Mapping[UserId, Reachability]:
        if not user_ids:
            return {}
        wanted = list(user_ids)
        contacts: dict[UserId, list[Contact]] = defaultdict(list)
        rules: dict[UserId, list[NotificationRule]] = defaultdict(list)
        active = [UserId(row["id"]) for row in await self.session.fetch(_ACTIVE, wanted)]
        for row in await self.session.fetch(_CONTACTS, wanted):
            contacts[UserId(row["user_id"])].append(contact_of(row))
        for row in await self.session.fetch(_RULES, wanted):
            rules[UserId(row["user_id"])].append(rule_of(row))
        return {
            user_id: Reachability(user_id=user_id, contacts=tuple(contacts[user_id]), rules=tuple(rules[user_id]))
            for user_id in active
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
