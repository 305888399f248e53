"""Whom targets mean at one instant, and how they are reached: looked up once for all who ask."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.ports.destinations import DestinationRepository
from application.ports.directory import Directory, Reachability
from domain.escalation.policy import DESTINATIONS, Target, TargetKind
from domain.notification.destination import Destination
from domain.oncall.coverage import on_call
from domain.shared.ids import DestinationId, ScheduleId, TeamId, UserId


class Responders(NamedTuple):
    """The answers for the targets that were asked for."""

    on_call: Mapping[ScheduleId, tuple[UserId, ...]]
    members: Mapping[TeamId, tuple[UserId, ...]]
    reachability: Mapping[UserId, Reachability]
    destinations: Mapping[DestinationId, Destination]

    def of(self, targets: Iterable[Target]) -> tuple[UserId, ...]:
        """Each person once, in the order of the targets."""
        return tuple(dict.fromkeys(user for target in targets for user in self._meant_by(target)))

    def destinations_of(self, targets: Iterable[Target]) -> tuple[Destination, ...]:
        """What is told beside people, in the order of the targets; what is there no more is left out."""
        ids = (DestinationId(target.id) for target in targets if target.kind in DESTINATIONS)
        return tuple(self.destinations[each] for each in ids if each in self.destinations)

    def _meant_by(self, target: Target) -> tuple[UserId, ...]:
        match target.kind:
            case TargetKind.USER:
                return (UserId(target.id),)
            case TargetKind.SCHEDULE:
                return self.on_call.get(ScheduleId(target.id), ())
            case TargetKind.TEAM:
                return self.members.get(TeamId(target.id), ())
            case TargetKind.CHANNEL | TargetKind.WEBHOOK:
                return ()


@dataclass(frozen=True, slots=True)
class FindResponders:
    """Looks up whom targets mean, in as many queries as there are kinds of them."""

    directory: Directory
    destinations: DestinationRepository

    async def __call__(self, targets: Collection[Target], *, at: datetime) -> Responders:
        schedules = await self.directory.schedules(
            {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE}, at=at
        )
        members = await self.directory.team_members(
            {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM}
        )
        destinations = await self.destinations.get_many(
            {DestinationId(target.id) for target in targets if target.kind in DESTINATIONS}
        )
        on_duty = {key: on_call(schedule, at) for key, schedule in schedules.items()}
        found = Responders(on_duty, members, {}, destinations)
        return found._replace(reachability=await self.directory.reachability(set(found.of(targets))))
