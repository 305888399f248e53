from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from application.ports.directory import Directory, Reachability
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class MemoryDirectory(Directory):
    session: MemorySession

    async def schedules(self, schedule_ids: Collection[ScheduleId]) -> Mapping[ScheduleId, Schedule]:
        stored = self.session.database.schedules
        return {each: replace(stored[each], shadows=()) for each in schedule_ids if each in stored}

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
            )
            for user_id in user_ids
            if user_id in database.users and database.users[user_id].is_active
        }
