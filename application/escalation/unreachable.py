from dataclasses import dataclass
from typing import Final

from application.authorize import require
from application.ports.directory import Directory, Unreachable
from domain.escalation.policy import EscalationPolicy, TargetKind
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId

# Whoever has more has other worries; a gauge that stands there says enough.
COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class FindUnreachable:
    """People whom a policy or a schedule means, and who have no contact that works."""

    directory: Directory

    async def __call__(self) -> tuple[Unreachable, ...]:
        """Anywhere, by id, `COUNTED` at most: one statement."""
        return await self.directory.unreachable_anywhere(limit=COUNTED)

    async def of_policy(self, policy: EscalationPolicy, *, actor: Actor) -> tuple[Unreachable, ...]:
        """Whom its steps mean, members of teams and participants of schedules among them. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        targets = [target for step in policy.steps for target in step.targets]
        return await self.directory.unreachable(
            {UserId(target.id) for target in targets if target.kind is TargetKind.USER},
            {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM},
            {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE},
        )

    async def of_schedule(self, schedule: Schedule, *, actor: Actor) -> tuple[Unreachable, ...]:
        """Who takes turns in it. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.directory.unreachable((), (), {schedule.id})
