from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.authorize import require
from application.oncall.as_known import ahead_of
from application.oncall.on_call import OnCall
from application.ports.clock import Clock
from application.ports.directory import Directory
from application.ports.policies import PolicyRepository
from application.ports.schedule_history import ScheduleHistory
from application.ports.services import ServiceRepository
from domain.escalation.policy import Step, Target, TargetKind
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import ScheduleId, ServiceId, TeamId, UserId
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOnCall:
    """Whom one step of the service's policy would tell, each once and in the order of its targets."""

    step: int  # from 0
    delay: timedelta  # how long this step waits for an answer
    user_ids: tuple[UserId, ...]
    schedules: tuple[OnCall, ...]  # those among its targets


@dataclass(frozen=True, slots=True)
class ServiceOnCall:
    """Who is told, step by step, when the service breaks."""

    services: ServiceRepository
    policies: PolicyRepository
    history: ScheduleHistory
    directory: Directory
    clock: Clock

    async def __call__(
        self, service_id: ServiceId, *, at: datetime | None = None, actor: Actor
    ) -> tuple[StepOnCall, ...]:
        """By the policy and the teams as they are now, and the schedules as they are at the instant.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`.
        """
        require(actor, Permission.READ)
        instant = self.clock.now() if at is None else at
        require_instant("at", instant)
        service = await self.services.look_up(service_id)
        steps = (await self.policies.look_up(service.policy_id)).steps
        schedule_ids = {ScheduleId(each.id) for each in _targets(steps, TargetKind.SCHEDULE)}
        team_ids = {TeamId(each.id) for each in _targets(steps, TargetKind.TEAM)}
        schedules = await self.history.of(schedule_ids, ahead_of(instant)) if schedule_ids else {}
        members = await self.directory.team_members(team_ids) if team_ids else {}
        on_call = {each: OnCall.of(schedule, at=instant) for each, schedule in schedules.items()}
        return tuple(_step_on_call(number, step, on_call, members) for number, step in enumerate(steps))


def _targets(steps: tuple[Step, ...], kind: TargetKind) -> Iterator[Target]:
    return (target for step in steps for target in step.targets if target.kind is kind)


def _step_on_call(
    number: int,
    step: Step,
    on_call: Mapping[ScheduleId, OnCall],
    members: Mapping[TeamId, tuple[UserId, ...]],
) -> StepOnCall:
    users: dict[UserId, None] = {}  # a set that keeps the order
    schedules: dict[ScheduleId, OnCall] = {}
    for target in step.targets:
        match target.kind:
            case TargetKind.USER:
                users[UserId(target.id)] = None
            case TargetKind.TEAM:
                users |= dict.fromkeys(members.get(TeamId(target.id), ()))
            case TargetKind.SCHEDULE:
                schedule_id = ScheduleId(target.id)
                found = on_call.get(schedule_id)
                if found is not None:
                    schedules[schedule_id] = found
                    users |= dict.fromkeys(found.user_ids)
    return StepOnCall(step=number, delay=step.delay, user_ids=tuple(users), schedules=tuple(schedules.values()))
