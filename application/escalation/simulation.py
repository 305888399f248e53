"""What would happen if a service broke: the very functions of the worker, over a clock that nobody waits for.

`Incident.tick` and `acknowledge`, `EscalationRun.tick`, `Step.told`, `asked`, `on_call` and `planned` decide, as they
do when it is real (P13, held by a property test). Here is only what the worker's storage and its clock do: what is due
next, what is made, and what an answer cancels.

At one instant the incident is looked at before its escalation, and whatever is due then has happened before an answer
of that instant counts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from application.ports.directory import Reachability
from application.ports.escalations import StepKey
from application.service.urgency import judged
from domain.escalation.asked import asked
from domain.escalation.condition import Circumstances
from domain.escalation.plan import Position
from domain.escalation.policy import DESTINATIONS, EscalationPolicy, Target, TargetKind, WhenExhausted
from domain.escalation.run import EscalationRun
from domain.incident.incident import Incident, IncidentDraft, IncidentStatus, pages_anew
from domain.notification.contact import Channel
from domain.notification.destination import Destination
from domain.notification.rule import applying, planned
from domain.oncall import coverage
from domain.oncall.coverage import Source
from domain.oncall.history import Timeline
from domain.service.service import Service
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import DestinationId, IncidentId, RunId, ScheduleId, TeamId, UserId
from domain.shared.limits import SIMULATED_DAYS, SIMULATED_LOOKS, SIMULATED_PAGES
from domain.shared.priority import priority_of
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via

HORIZON: Final = timedelta(days=SIMULATED_DAYS)
_NOTHING: Final = UUID(int=0)  # the incident and its runs are nobody else's, so they need no names


class Answer(NamedTuple):
    """This person acknowledges then."""

    user_id: UserId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A service breaks then, like this; and somebody answers, or nobody does."""

    at: datetime
    severity: Severity
    labels: Mapping[str, str] = field(default_factory=dict)  # of its first alert
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that is configured and bears on the question. What is not there is as unknown as it is to the worker."""

    service: Service
    policy: EscalationPolicy
    schedules: Mapping[ScheduleId, Timeline]
    members: Mapping[TeamId, tuple[UserId, ...]]
    people: Mapping[UserId, Reachability]
    fall_backs: Mapping[TeamId, tuple[Target, ...]] = field(default_factory=dict)
    turns: Mapping[int, int] = field(default_factory=dict)  # of steps that take turns: which is the next
    destinations: Mapping[DestinationId, Destination] = field(default_factory=dict)


class Meant(NamedTuple):
    """A person, the target that means them, and, for a schedule, what put them on call."""

    user_id: UserId
    target: Target
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPage:
    """One page: to whom, when, by which contact, and why."""

    user_id: UserId | None  # None exactly for a destination
    channel: Channel
    address: str
    due_at: datetime
    made_at: datetime  # when its step was reached
    run: int  # counted from 0: it pages anew after an acknowledgement ran out, or when it became urgent
    position: Position
    is_last_resort: bool
    urgency: Urgency
    target: Target
    source: Source | None
    rule_position: int
    has_rule: bool  # without, its user is told everywhere
    waits_for_morning: bool  # it would have come in quiet hours
    cancelled_at: datetime | None = None  # it never leaves, since somebody answered first
    destination_id: DestinationId | None = None


class HappeningKind(StrEnum):
    REACHED = "step_reached"
    SKIPPED = "step_skipped"
    FALL_BACK = "fall_back_paged"
    EXHAUSTED = "exhausted"
    ACKNOWLEDGED = "acknowledged"
    TOO_LATE = "acknowledged_too_late"
    EXPIRED = "acknowledgement_expired"
    URGENT = "urgency_raised"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happens on the way. `position` is there for steps, `user_id` for answers."""

    at: datetime
    kind: HappeningKind
    run: int
    position: Position | None = None
    told: tuple[Meant, ...] = ()
    unreachable: tuple[UserId, ...] = ()  # of those: people whom no page would reach
    answered: tuple[UserId, ...] = ()  # of those: people who have acknowledged already, and are not paged again
    destinations: tuple[DestinationId, ...] = ()  # what is told beside people
    user_id: UserId | None = None
    detail: str = ""  # of a step that is passed over: why; of an exhaustion: what the policy says to do


class _Told(NamedTuple):
    position: Position | None
    meant: tuple[Meant, ...] = ()
    unreachable: tuple[UserId, ...] = ()
    answered: tuple[UserId, ...] = ()
    destinations: tuple[DestinationId, ...] = ()


_NOBODY: Final = _Told(None)


class Ending(StrEnum):
    """How it stands when nothing more is due, or at the horizon."""

    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"  # by the system, as unanswered
    EXHAUSTED = "exhausted"  # it stays open, and pages nobody any more
    FALL_BACK = "fall_back"  # the same, after the last resort was paged
    GOES_ON = "goes_on"  # more is due after the horizon
    CUT = "cut"  # there was more than a simulation follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would happen, oldest first; pages by when they are due."""

    question: Question
    policy: EscalationPolicy
    urgency: Urgency  # at first
    pages: tuple[SimulatedPage, ...]
    happenings: tuple[Happening, ...]
    ending: Ending

    @property
    def unreachable(self) -> tuple[UserId, ...]:
        """Everybody who is meant at some time and cannot be reached, each once."""
        return tuple(dict.fromkeys(user_id for each in self.happenings for user_id in each.unreachable))


def simulate(setting: Setting, question: Question) -> Simulation:
    """Everything that happens from the question's instant on, up to the horizon."""
    return _Course(setting, question).run()


class _Course:
    """One simulation at work: the incident, the run that is on it, and what has been made."""

    def __init__(self, setting: Setting, question: Question) -> None:
        self.setting = setting
        self.question = question
        self.incident = _opened(setting.service, question)
        self.first_urgency = self.incident.urgency
        self.turns = Counter(setting.turns)
        self.pages: list[SimulatedPage] = []
        self.happenings: list[Happening] = []
        self.runs = 0
        self.looks = 0
        self.left_by = question.at - timedelta.resolution  # what was due by then is gone, and cannot be cancelled
        self.escalation = self._begun(question.at)

    def run(self) -> Simulation:
        until = self.question.at + HORIZON
        answers = sorted((each for each in self.question.answers if each.at <= until), key=lambda each: each.at)
        for answer in answers:
            self._advance(answer.at)
            self.left_by = answer.at
            self._answer(answer)
        self._advance(until)
        return Simulation(
            question=self.question,
            policy=self.setting.policy,
            urgency=self.first_urgency,
            pages=tuple(sorted(self.pages, key=lambda page: (page.due_at, page.made_at, page.run, page.position))),
            happenings=tuple(self.happenings),
            ending=self._ending(),
        )

    @property
    def _is_cut(self) -> bool:
        return self.looks >= SIMULATED_LOOKS or len(self.pages) >= SIMULATED_PAGES

    def _advance(self, until: datetime) -> None:
        """Whatever is due up to then, in order."""
        while not self._is_cut:
            deadlines = [self.incident.next_deadline, self.escalation.next_deadline]
            at = min((each for each in deadlines if each is not None), default=None)
            if at is None or at > until:
                return
            # A deadline may have passed while somebody had the incident: then it is due as soon as nobody has.
            at = max(at, self.happenings[-1].at if self.happenings else self.question.at)
            self._tick_incident(at)
            self._tick_run(at)
            self.left_by = at

    def _tick_incident(self, at: datetime) -> None:
        before = self.incident
        if before.next_deadline is None or at < before.next_deadline:
            return
        self.incident = before.tick(at=at).state
        kind = HappeningKind.URGENT if before.status is IncidentStatus.TRIGGERED else HappeningKind.EXPIRED
        self._note(kind, at)
        if pages_anew(before, self.incident):
            self._stop(at)
            self.runs += 1
            self.escalation = self._begun(at)

    def _tick_run(self, at: datetime) -> None:
        circumstances = Circumstances(
            severity=self.incident.severity,
            urgency=self.incident.urgency,
            priority=priority_of(self.incident.severity, tier=self.setting.service.tier),
            labels=self.question.labels,
        )
        policy = self.setting.policy
        self.escalation, look = self.escalation.tick(policy, circumstances, at=at)
        if look is None:
            return
        self.looks += 1
        for position, reason, detail in look.skipped:
            self._note(HappeningKind.SKIPPED, at, told=_Told(position), detail=f"{reason}: {detail}")
        if look.reached is not None:
            step = policy.steps[look.reached.step]
            turn = self.turns[look.reached.step]
            self.turns[look.reached.step] += step.takes_turns
            self._tell(HappeningKind.REACHED, look.reached, step.told(turn=turn), at)
        if look.is_exhausted:
            self._exhausted(at)

    def _exhausted(self, at: datetime) -> None:
        policy = self.setting.policy
        self._note(HappeningKind.EXHAUSTED, at, detail=policy.when_exhausted)
        if policy.when_exhausted is WhenExhausted.FALL_BACK:
            last = Position(policy.repeats, len(policy.steps))
            self._tell(HappeningKind.FALL_BACK, last, self.setting.fall_backs.get(policy.team_id, ()), at)
        elif policy.when_exhausted is WhenExhausted.RESOLVE:
            self.incident = self.incident.resolve(by=None, via=Via.SYSTEM, at=at).state
            self._note(HappeningKind.RESOLVED, at)
            self._stop(at)

    def _answer(self, answer: Answer) -> None:
        if self._is_cut:
            return
        timeout = self.setting.policy.acknowledgement_timeout
        try:
            change = self.incident.acknowledge(by=answer.user_id, via=Via.API, at=answer.at, timeout=timeout)
        except IllegalTransitionError:
            self._note(HappeningKind.TOO_LATE, answer.at, user_id=answer.user_id)
            return
        self.incident = change.state
        if not change.events:
            return
        self._note(HappeningKind.ACKNOWLEDGED, answer.at, user_id=answer.user_id)
        if self.incident.status is IncidentStatus.ACKNOWLEDGED:
            self._stop(answer.at)
        else:
            self._cancel(answer.at, answer.user_id)

    def _tell(self, kind: HappeningKind, position: Position, targets: Sequence[Target], at: datetime) -> None:
        meant = tuple(meant_by(self.setting, targets, at))
        still, answered = asked((each.user_id for each in meant), answered=self.incident.answered_by)
        unreachable = []
        for each in (each for each in meant if each.user_id in still):
            pages = list(self._pages_to(each, position, kind is HappeningKind.FALL_BACK, at))
            self.pages += pages
            if not pages:
                unreachable.append(each.user_id)
        destinations = tuple(destinations_of(self.setting, targets))
        is_last_resort = kind is HappeningKind.FALL_BACK
        self.pages += [self._page_at(*each, position, at, is_last_resort=is_last_resort) for each in destinations]
        ids = tuple(destination.id for _, destination in destinations)
        self._note(kind, at, told=_Told(position, meant, tuple(unreachable), answered, ids))

    def _page_at(
        self, target: Target, destination: Destination, position: Position, at: datetime, *, is_last_resort: bool
    ) -> SimulatedPage:
        return SimulatedPage(
            user_id=None,
            destination_id=destination.id,
            channel=destination.channel,
            address=destination.address,
            due_at=at,
            made_at=at,
            run=self.runs,
            position=position,
            is_last_resort=is_last_resort,
            urgency=self.incident.urgency,
            target=target,
            source=None,
            rule_position=0,
            has_rule=False,
            waits_for_morning=False,
        )

    def _pages_to(
        self, meant: Meant, position: Position, is_last_resort: bool, at: datetime
    ) -> Iterator[SimulatedPage]:
        person = self.setting.people.get(meant.user_id)
        if person is None:
            return
        urgency = self.incident.urgency
        has_rule = bool(applying(person.contacts, person.rules, urgency=urgency))
        awake = {
            plan.rule_position: plan.due_at
            for plan in planned(person.contacts, person.rules, urgency=urgency, at=at, quiet_hours=None)
        }
        for plan in planned(person.contacts, person.rules, urgency=urgency, at=at, quiet_hours=person.quiet_hours):
            yield SimulatedPage(
                user_id=meant.user_id,
                channel=plan.channel,
                address=plan.address,
                due_at=plan.due_at,
                made_at=at,
                run=self.runs,
                position=position,
                is_last_resort=is_last_resort,
                urgency=urgency,
                target=meant.target,
                source=meant.source,
                rule_position=plan.rule_position,
                has_rule=has_rule,
                waits_for_morning=plan.due_at != awake[plan.rule_position],
            )

    def _begun(self, at: datetime) -> EscalationRun:
        return EscalationRun.start(
            RunId(_NOTHING),
            incident_id=self.incident.id,
            policy_id=self.setting.policy.id,
            policy_version=self.setting.policy.version,
            at=at,
        )

    def _stop(self, at: datetime) -> None:
        self.escalation = self.escalation.stop()
        self._cancel(at, None)

    def _cancel(self, at: datetime, user_id: UserId | None) -> None:
        """What still waits, for one person or for all, never leaves."""
        self.pages = [
            replace(page, cancelled_at=at) if self._waits(page, at) and user_id in {None, page.user_id} else page
            for page in self.pages
        ]

    def _waits(self, page: SimulatedPage, at: datetime) -> bool:
        return page.cancelled_at is None and page.due_at >= at and page.due_at > self.left_by

    def _note(
        self,
        kind: HappeningKind,
        at: datetime,
        *,
        user_id: UserId | None = None,
        detail: str = "",
        told: _Told = _NOBODY,
    ) -> None:
        position, meant, unreachable, answered, destinations = told
        self.happenings.append(
            Happening(
                at=at,
                kind=kind,
                run=self.runs,
                position=position,
                told=meant,
                unreachable=unreachable,
                answered=answered,
                destinations=destinations,
                user_id=user_id,
                detail=detail,
            )
        )

    def _ending(self) -> Ending:
        if self._is_cut:
            return Ending.CUT
        if self.incident.status is IncidentStatus.RESOLVED:
            return Ending.RESOLVED
        if self.incident.next_deadline is not None or self.escalation.next_deadline is not None:
            return Ending.GOES_ON
        if self.incident.status is IncidentStatus.ACKNOWLEDGED:
            return Ending.ACKNOWLEDGED
        is_told = self.setting.policy.when_exhausted is WhenExhausted.FALL_BACK
        return Ending.FALL_BACK if is_told else Ending.EXHAUSTED


def meant_by(setting: Setting, targets: Sequence[Target], at: datetime) -> Iterator[Meant]:
    """Whom targets mean at the instant, each once, by the first target that means them."""
    seen: set[UserId] = set()
    for target in targets:
        for meant in _meant_by(setting, target, at):
            if meant.user_id not in seen:
                seen.add(meant.user_id)
                yield meant


def destinations_of(setting: Setting, targets: Sequence[Target]) -> Iterator[tuple[Target, Destination]]:
    """What targets tell beside people; what is there no more is left out."""
    for target in targets:
        if target.kind in DESTINATIONS and DestinationId(target.id) in setting.destinations:
            yield target, setting.destinations[DestinationId(target.id)]


def _meant_by(setting: Setting, target: Target, at: datetime) -> Iterator[Meant]:
    match target.kind:
        case TargetKind.USER:
            yield Meant(UserId(target.id), target)
        case TargetKind.TEAM:
            for user_id in setting.members.get(TeamId(target.id), ()):
                yield Meant(user_id, target)
        case TargetKind.SCHEDULE:
            timeline = setting.schedules.get(ScheduleId(target.id), Timeline())
            schedule = timeline.in_force(at)
            if schedule is None:
                return
            sources = {each.user_id: each.source for each in coverage.explain(schedule, at).on_call}
            for user_id in timeline.on_call(at):
                yield Meant(user_id, target, sources[user_id])
        case TargetKind.CHANNEL | TargetKind.WEBHOOK:
            return


def turn_keys(policy: EscalationPolicy) -> set[StepKey]:
    """The steps of it that take turns."""
    return {StepKey(policy.id, number) for number, step in enumerate(policy.steps) if step.takes_turns}


def _opened(service: Service, question: Question) -> Incident:
    urgency, rises_at = judged(
        service.urgency_rule,
        question.severity,
        tier=service.tier,
        support_hours=service.support_hours,
        at=question.at,
    )
    draft = IncidentDraft(
        id=IncidentId(_NOTHING),
        service_id=service.id,
        team_id=service.team_id,
        group_key="simulated",
        title="simulated",
        severity=question.severity,
        urgency=urgency,
        triggered_at=question.at,
        acknowledgements_required=service.acknowledgements_required,
        rises_at=rises_at,
    )
    return Incident.trigger(draft, number=1, via=Via.SYSTEM).state
