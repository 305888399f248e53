from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.schedule_history import as_in_force
from application.ports.directory import Directory, Reachability, Unreachable
from domain.escalation.policy import TargetKind
from domain.identity.role import Role
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import counted
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class MemoryDirectory(Directory):
    session: MemorySession

    async def schedules(self, schedule_ids: Collection[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, Schedule]:
        database = self.session.database
        return {
            each: replace(as_in_force(database, each, at=at), shadows=())
            for each in schedule_ids
            if each in database.schedules
        }

    async def team_members(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, tuple[UserId, ...]]:
        stored = self.session.database.teams
        return {
            team_id: stored[team_id].member_ids
            for team_id in team_ids
            if team_id in stored and stored[team_id].member_ids
        }

    async def admins(self) -> tuple[UserId, ...]:
        users = self.session.database.users.values()
        return tuple(sorted(user.id for user in users if user.is_active and user.role is Role.ADMIN))

    async def active_by_email(self, emails: Collection[str]) -> tuple[UserId, ...]:
        users = self.session.database.users.values()
        return tuple(sorted(user.id for user in users if user.is_active and user.email in emails))

    async def unreachable(
        self, user_ids: Collection[UserId], team_ids: Collection[TeamId], schedule_ids: Collection[ScheduleId]
    ) -> tuple[Unreachable, ...]:
        database = self.session.database
        members = (user for team in team_ids if team in database.teams for user in database.teams[team].member_ids)
        schedules = (database.schedules[each] for each in schedule_ids if each in database.schedules)
        turns = (turn for each in schedules for layer in each.layers for turn in layer.rotation.participants)
        meant = {*user_ids, *members, *(user for turn in turns for user in turn)}
        return tuple(
            Unreachable(user_id, database.users[user_id].name)
            for user_id in sorted(meant & database.users.keys())
            if not self._is_reachable(user_id)
        )

    async def unreachable_anywhere(self, *, limit: int) -> tuple[Unreachable, ...]:
        database = self.session.database
        steps = (step for policy in database.policies.values() for step in policy.steps)
        targets = [target for step in steps for target in step.targets]
        found = await self.unreachable(
            {UserId(target.id) for target in targets if target.kind is TargetKind.USER},
            {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM},
            database.schedules.keys(),
        )
        return found[:limit]

    def _is_reachable(self, user_id: UserId) -> bool:
        database = self.session.database
        contacts = database.contacts.get(user_id, ()) if database.users[user_id].is_active else ()
        proofs = (database.contact_proofs.get(contact.id) for contact in counted(contacts))
        return any(proof is None or not proof.is_refusing for proof in proofs)

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
