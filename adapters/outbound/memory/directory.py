from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.schedule_history import as_in_force
from application.ports.directory import Directory, Reachability
from domain.notification.quiet_hours import QuietHours
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class MemoryDirectory(Directory):
    session: MemorySession

    async def schedules(self, schedule_ids: Collection[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, Schedule]:
        database = self.session.database
        return {each: as_in_force(database, each, at=at) for each in schedule_ids if each in database.schedules}

    async def team_members(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, tuple[UserId, ...]]:
        stored = self.session.database.teams
        return {
            team_id: stored[team_id].member_ids
            for team_id in team_ids
            if team_id in stored and stored[team_id].member_ids
        }

    async def reachability(self, user_ids: Collection[UserId]) -> Mapping[UserId, Reachability]:
        database = self.session.database
        return {
            user_id: Reachability(
                user_id=user_id,
                contacts=database.contacts.get(user_id, ()),
                rules=database.rules.get(user_id, ()),
                quiet_hours=quiet_hours_of(database, user_id),
            )
            for user_id in user_ids
            if user_id in database.users and database.users[user_id].is_active
        }


def quiet_hours_of(database: MemoryDatabase, user_id: UserId) -> QuietHours | None:
    """In the zone that the user is in now."""
    stored = database.quiet_hours.get(user_id)
    return None if stored is None else replace(stored, time_zone=database.users[user_id].time_zone)
