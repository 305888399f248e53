"""Whether a policy reaches somebody in time, whenever it begins: the facts that `domain.escalation.proof` asks for."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from application.authorize import require
from application.escalation.meant import meant_at_some_time
from application.escalation.policy_draft import PolicyDraft, placed_at
from application.escalation.policy_references import references_of
from application.ports.clock import Clock
from application.ports.directory import Directory, Reachability
from application.ports.fall_backs import FallBackRepository
from application.ports.offload import Offload
from application.ports.references import References
from application.ports.schedule_history import KnownSchedule, ScheduleHistory
from application.references import require_known
from domain.escalation.condition import Circumstances
from domain.escalation.policy import DESTINATIONS, EscalationPolicy, Target, TargetKind, WhenExhausted
from domain.escalation.proof import Gap, Reach, Reaches, first_reach, gaps, step_reach
from domain.identity.actor import Actor
from domain.identity.proof_demand import ProofDemand
from domain.identity.role import Permission
from domain.notification.rule import planned
from domain.oncall.coverage import Shift
from domain.oncall.history import Timeline, as_known
from domain.shared.ids import ScheduleId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.priority import MOVED, Priority, priority_of
from domain.shared.severity import Severity
from domain.shared.step_function import StepFunction
from domain.shared.urgency import Urgency

ANY_TIME: Final = ProofDemand()


class CounterExample(NamedTuple):
    """If it begins in the gap's interval, by an incident of these circumstances, nobody is told in time."""

    circumstances: Circumstances
    gap: Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProof:
    """It holds for urgent incidents of every severity and of every set of labels that conditions tell apart."""

    policy: EscalationPolicy
    interval: Interval
    within: timedelta
    counter_examples: tuple[CounterExample, ...]  # oldest first
    empty_steps: tuple[int, ...]  # steps, from 0, that at no time tell anybody who can be reached
    unreachable: tuple[UserId, ...]  # meant at some time, and no page would reach them; by id

    @property
    def holds(self) -> bool:
        return not self.counter_examples


@dataclass(frozen=True, slots=True)
class ProvePolicy:
    """Whether a policy, as it is or as it would be, tells somebody in time at every instant of the next weeks.

    Exact: nothing is sampled. It costs the same few statements however long the policy is, and stores nothing.
    """

    history: ScheduleHistory
    directory: Directory
    fall_backs: FallBackRepository
    references: References
    offload: Offload
    clock: Clock

    async def __call__(
        self,
        policy: EscalationPolicy,
        *,
        draft: PolicyDraft | None = None,
        demand: ProofDemand = ANY_TIME,
        actor: Actor,
    ) -> PolicyProof:
        """Raises `ForbiddenError`, `InvalidValueError`."""
        require(actor, Permission.READ)
        return await self.of(policy if draft is None else await self._drafted(draft, policy), demand)

    async def of(self, policy: EscalationPolicy, demand: ProofDemand) -> PolicyProof:
        """The proof of a policy that names only what is there."""
        at = self.clock.now()
        interval = Interval(start=at, end=at + timedelta(weeks=demand.weeks))
        facts = await self._facts(policy, interval, demand.within)
        # Of many conditions and half a year it takes longer than others should wait.
        return await self.offload.run(partial(proof, policy, facts, interval=interval, within=demand.within))

    async def _drafted(self, draft: PolicyDraft, policy: EscalationPolicy) -> EscalationPolicy:
        with placed_at("policy"):
            drafted = draft.instead_of(policy)
            await require_known(self.references, references_of(drafted), before=references_of(policy))
            return drafted

    async def _facts(self, policy: EscalationPolicy, interval: Interval, within: timedelta) -> "Facts":
        last_resort = await self._last_resort(policy)
        targets = {target for step in policy.steps for target in step.targets} | set(last_resort)
        looked_at = Interval(start=interval.start, end=interval.end + within)
        schedule_ids = {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE}
        team_ids = {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM}
        schedules = await self.history.of(schedule_ids, looked_at)
        members = await self.directory.team_members(team_ids)
        timelines = {schedule_id: as_known(each.history) for schedule_id, each in schedules.items()}
        meant = frozenset(meant_at_some_time(targets, timelines, members))
        people = await self.directory.reachability(meant)
        return Facts(targets, last_resort, schedules, timelines, members, meant, people)

    async def _last_resort(self, policy: EscalationPolicy) -> tuple[Target, ...]:
        if policy.when_exhausted is not WhenExhausted.FALL_BACK:
            return ()
        found = await self.fall_backs.effective({policy.team_id})
        return found[policy.team_id].targets if policy.team_id in found else ()


class Facts(NamedTuple):
    """All that is configured and bears on a proof."""

    targets: Collection[Target]
    last_resort: tuple[Target, ...]
    schedules: Mapping[ScheduleId, KnownSchedule]
    timelines: Mapping[ScheduleId, Timeline]
    members: Mapping[TeamId, tuple[UserId, ...]]
    meant: frozenset[UserId]
    people: Mapping[UserId, Reachability]


def proof(policy: EscalationPolicy, facts: Facts, *, interval: Interval, within: timedelta) -> PolicyProof:
    """For every instant of the interval; what comes more than `within` after one does not count for it."""
    looked_at = Interval(start=interval.start, end=interval.end + within)
    reaches = {target: _reach(target, facts, looked_at) for target in facts.targets}

    def reach(circumstances: Circumstances) -> StepFunction[Reach]:
        return first_reach(
            policy, circumstances, reaches, last_resort=facts.last_resort, interval=interval, within=within
        )

    found = [CounterExample(each, gap) for each in told_apart(policy) for gap in gaps(reach(each), within=within)]
    return PolicyProof(
        policy=policy,
        interval=interval,
        within=within,
        counter_examples=tuple(sorted(found, key=lambda each: each.gap.interval.start)),
        empty_steps=tuple(_empty_steps(policy, reaches, looked_at)),
        unreachable=tuple(sorted(each for each in facts.meant if soonest(facts.people.get(each)) is None)),
    )


def told_apart(policy: EscalationPolicy) -> Iterator[Circumstances]:
    """One urgent incident of each kind that the policy's conditions treat differently.

    Of labels: none, and each set that one step asks for. Severities, with the priorities that some tier of a service
    gives them, are one where no condition tells them apart.
    """
    conditions = [step.condition for step in policy.steps if step.condition is not None]
    asked = [condition.labels for condition in conditions if condition.labels]
    labels = [{}, *({match.name: match.value or "any" for match in each} for each in dict.fromkeys(asked))]

    def kind(grade: _Grade) -> tuple[tuple[bool, bool], ...]:
        return tuple((grade.severity in each.severities, grade.priority in each.priorities) for each in conditions)

    for _, alike in groupby(sorted(_GRADES, key=kind), key=kind):
        severity, priority = min(alike)
        for each in labels:
            yield Circumstances(severity=severity, urgency=Urgency.HIGH, priority=priority, labels=each)


class _Grade(NamedTuple):
    severity: Severity
    priority: Priority


# Every severity with every priority that it can have, whatever service the policy is for.
_GRADES: Final = frozenset(
    _Grade(severity, priority_of(severity, tier=tier)) for severity in Severity for tier in (None, *MOVED)
)


def soonest(person: Reachability | None) -> timedelta | None:
    """How soon after their turn came an urgent page is due; None: no page would reach them."""
    if person is None:
        return None
    begins = datetime(2000, 1, 1, tzinfo=UTC)  # any instant would do: what is urgent does not wait for the morning
    plans = planned(person.contacts, person.rules, urgency=Urgency.HIGH, at=begins)
    return plans[0].due_at - begins if plans else None


def _reach(target: Target, facts: Facts, interval: Interval) -> StepFunction[Reach]:
    match target.kind:
        case TargetKind.USER:
            return StepFunction.constant(_of_people((UserId(target.id),), facts, "nobody is named"), interval)
        case TargetKind.TEAM:
            members = facts.members.get(TeamId(target.id), ())
            return StepFunction.constant(_of_people(members, facts, "the team has no members"), interval)
        case TargetKind.SCHEDULE:
            schedule_id = ScheduleId(target.id)
            schedule, timeline = facts.schedules.get(schedule_id), facts.timelines.get(schedule_id, Timeline())
            gap = f"nobody is on call in {'the schedule' if schedule is None else schedule.name}"
            pieces = [
                (piece, _of_people(users, facts, gap)) for piece, users in _duties(timeline.shifts(interval), interval)
            ]
            return StepFunction.of(pieces, interval, otherwise=Reach(None, (gap,)))
        case TargetKind.CHANNEL | TargetKind.WEBHOOK:
            return StepFunction.constant(Reach(None, (f"a {target.kind} is told, which wakes nobody",)), interval)


def _duties(shifts: Iterable[Shift], interval: Interval) -> Iterator[tuple[Interval, tuple[UserId, ...]]]:
    """The interval cut wherever somebody comes or goes, each part with those on call throughout it."""
    changes: dict[datetime, list[tuple[UserId, int]]] = {interval.start: [], interval.end: []}
    for shift in shifts:
        changes.setdefault(shift.interval.start, []).append((shift.user_id, 1))
        changes.setdefault(shift.interval.end, []).append((shift.user_id, -1))
    on_call: Counter[UserId] = Counter()
    for start, end in pairwise(sorted(changes)):
        for user_id, change in changes[start]:
            on_call[user_id] += change
        yield Interval(start=start, end=end), tuple(sorted(+on_call))


def _of_people(user_ids: Collection[UserId], facts: Facts, nobody: str) -> Reach:
    if not user_ids:
        return Reach(None, (nobody,))
    delays = [delay for user_id in user_ids if (delay := soonest(facts.people.get(user_id))) is not None]
    return Reach(min(delays)) if delays else Reach(None, ("nobody who is meant has a contact that works",))


def _empty_steps(policy: EscalationPolicy, reaches: Reaches, interval: Interval) -> Iterator[int]:
    """Steps that tell destinations alone are meant to tell nobody else."""
    for number, step in enumerate(policy.steps):
        names_people = any(target.kind not in DESTINATIONS for target in step.targets)
        if names_people and all(reach.after is None for reach in step_reach(step, reaches, interval).values):
            yield number
