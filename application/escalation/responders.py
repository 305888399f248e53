"""Whom targets mean at one instant, and how they are reached: looked up once for all who ask."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.ports.directory import Directory, Reachability
from domain.escalation.policy import Target, TargetKind
from domain.oncall.coverage import on_call
from domain.shared.ids import ScheduleId, TeamId, UserId


class Responders(NamedTuple):
    """The answers for the targets that were asked for."""

    on_call: Mapping[ScheduleId, tuple[UserId, ...]]
    members: Mapping[TeamId, tuple[UserId, ...]]
    reachability: Mapping[UserId, Reachability]

    def of(self, targets: Iterable[Target]) -> tuple[UserId, ...]:
        """Each person once, in the order of the targets."""
        return tuple(dict.fromkeys(user for target in targets for user in self._meant_by(target)))

    def _meant_by(self, target: Target) -> tuple[UserId, ...]:
        match target.kind:
            case TargetKind.USER:
                return (UserId(target.id),)
            case TargetKind.SCHEDULE:
                return self.on_call.get(ScheduleId(target.id), ())
            case TargetKind.TEAM:
                return self.members.get(TeamId(target.id), ())


@dataclass(frozen=True, slots=True)
class FindResponders:
    """Looks up whom targets mean, in as many queries as there are kinds of them."""

    directory: Directory

    async def __call__(self, targets: Collection[Target], *, at: datetime) -> Responders:
        schedules = await self.directory.schedules(
            {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE}, at=at
        )
        members = await self.directory.team_members(
            {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM}
        )
        found = Responders({key: on_call(schedule, at) for key, schedule in schedules.items()}, members, {})
        return found._replace(reachability=await self.directory.reachability(set(found.of(targets))))
