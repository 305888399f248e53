"""One tick of every escalation that is due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from application.ports.clock import Clock
from application.ports.directory import Directory, Reachability
from application.ports.escalations import DueRun, PolicyVersions, RunRepository
from application.ports.event_log import EventLog
from application.ports.ids import IdFactory
from application.ports.notifications import NotificationRepository
from application.ports.transaction import Transaction
from domain.escalation.events import EscalationExhausted, EscalationStepReached
from domain.escalation.plan import Position
from domain.escalation.policy import Target, TargetKind
from domain.escalation.run import EscalationRun
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.rule import planned
from domain.oncall.coverage import on_call
from domain.shared.event import DomainEvent
from domain.shared.ids import NotificationId, ScheduleId, TeamId, UserId
from domain.shared.urgency import Urgency

BATCH: Final = 100


class _Reached(NamedTuple):
    before: EscalationRun
    urgency: Urgency
    position: Position
    targets: tuple[Target, ...]


class _People(NamedTuple):
    """Whom targets mean at one instant, and how they are reached: loaded once for a whole batch."""

    on_call: Mapping[ScheduleId, tuple[UserId, ...]]
    members: Mapping[TeamId, tuple[UserId, ...]]
    reachability: Mapping[UserId, Reachability]

    def responders(self, targets: Iterable[Target]) -> tuple[UserId, ...]:
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
class AdvanceEscalations:
    """Takes the runs whose deadline has come, and pages whom their next step means.

    Everything is looked up at now, not at the deadline: after an outage the person on call is the one of this moment.
    """

    runs: RunRepository
    policies: PolicyVersions
    directory: Directory
    notifications: NotificationRepository
    events: EventLog
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many runs moved. A full batch means that there may be more."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.runs.claim_due(at=at, limit=limit)
            if due:
                await self._advance(due, at)
            return len(due)

    async def _advance(self, due: Sequence[DueRun], at: datetime) -> None:
        versions = await self.policies.get_many({(run.policy_id, run.policy_version) for run, _ in due})
        moved: list[EscalationRun] = []
        reached: list[_Reached] = []
        events: list[DomainEvent] = []
        for run, urgency in due:
            policy = versions[run.policy_id, run.policy_version]
            tick = run.tick(policy, at=at)
            moved.append(tick.run)
            if tick.is_exhausted:
                events.append(EscalationExhausted(incident_id=run.incident_id, run_id=run.id, at=at))
            if tick.reached is not None:
                reached.append(_Reached(run, urgency, tick.reached, policy.steps[tick.reached.step].targets))
        people = await self._people(reached, at)
        pages: list[Notification] = []
        for step in reached:
            responders = people.responders(step.targets)
            made = [page for user_id in responders for page in self._pages(step, people.reachability.get(user_id), at)]
            pages += made
            told = {page.user_id for page in made}
            assert step.before.next_deadline is not None
            events.append(
                EscalationStepReached(
                    incident_id=step.before.incident_id,
                    run_id=step.before.id,
                    round=step.position.round,
                    step=step.position.step,
                    due_at=step.before.next_deadline,
                    responders=responders,
                    unreachable=tuple(user_id for user_id in responders if user_id not in told),
                    at=at,
                )
            )
        await self.runs.save(moved)
        await self.notifications.add(pages)
        await self.events.append(events)

    async def _people(self, reached: Sequence[_Reached], at: datetime) -> _People:
        targets = {target for step in reached for target in step.targets}
        schedules = await self.directory.schedules(
            {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE}, at=at
        )
        members = await self.directory.team_members(
            {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM}
        )
        people = _People({key: on_call(schedule, at) for key, schedule in schedules.items()}, members, {})
        return people._replace(reachability=await self.directory.reachability(set(people.responders(targets))))

    def _pages(self, step: _Reached, person: Reachability | None, at: datetime) -> Iterable[Notification]:
        """One intent for each rule that tells this person; none for somebody who cannot be reached."""
        if person is None:
            return
        for plan in planned(person.contacts, person.rules, urgency=step.urgency, at=at):
            yield Notification(
                id=NotificationId(self.ids.new()),
                incident_id=step.before.incident_id,
                run_id=step.before.id,
                round=step.position.round,
                step=step.position.step,
                user_id=person.user_id,
                rule_position=plan.rule_position,
                purpose=Purpose.PAGE,
                channel=plan.channel,
                address=plan.address,
                status=NotificationStatus.PENDING,
                created_at=at,
                next_deadline=plan.due_at,
            )
