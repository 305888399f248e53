"""Why somebody was paged for an incident, or why not: read from what is stored, and from nothing else.

The escalation's own events say whom each step meant when it was reached, and the ledger which pages that made. Of
schedules it is asked what was known at that instant. What is stored as it is now and not as it was then, such as a
service's urgency rule or a person's notification rules, is named only where it agrees with what was done then.

A person none of whose pages has left has exactly one first reason for that: of a page that was made, why it has not;
otherwise the oldest fact that passed them by; otherwise what was still to come, or that nothing names them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from application.escalation.meant import meant_at_some_time
from application.ports.directory import Reachability
from application.ports.notifier import Outcome
from application.ports.readers import DeliveryRecord
from application.service.urgency import judged
from domain.alert.alert import Alert
from domain.escalation.events import (
    EscalationFallBackPaged,
    EscalationMoved,
    EscalationStepReached,
    EscalationStepSkipped,
    EscalationStopped,
)
from domain.escalation.plan import Position, following
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.escalation.run import EscalationRun
from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAct,
    IncidentEscalated,
    IncidentEvent,
    IncidentMuted,
    IncidentReassigned,
    IncidentResolved,
    IncidentRespondersAsked,
    IncidentSeverityChanged,
    IncidentSnoozed,
    IncidentTakenOver,
    IncidentTriggered,
    IncidentUrgencyRaised,
)
from domain.incident.incident import Incident, IncidentStatus, pages_anew
from domain.notification.fall_back import FALL_BACK_POSITION
from domain.notification.notification import Notification, NotificationStatus
from domain.notification.rule import applying
from domain.oncall import coverage
from domain.oncall.cover import CoverRequest
from domain.oncall.coverage import Source
from domain.oncall.history import Timeline
from domain.service.service import Service, UrgencyRule
from domain.shared.event import DomainEvent
from domain.shared.ids import OverrideId, PolicyId, RunId, ScheduleId, TeamId, UserId
from domain.shared.urgency import Urgency

type SetsUrgency = IncidentTriggered | IncidentSeverityChanged | IncidentUrgencyRaised
type NamesPeople = IncidentReassigned | IncidentRespondersAsked
type Tells = EscalationStepReached | EscalationFallBackPaged | NamesPeople


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is stored of one incident and one person."""

    user_id: UserId
    at: datetime  # when it is asked
    service: Service  # as it is now
    alert: Alert | None  # the one that it began with; None: somebody declared it
    events: tuple[DomainEvent, ...]  # of the incident, oldest first
    runs: tuple[EscalationRun, ...]  # oldest first
    policies: Mapping[tuple[PolicyId, int], EscalationPolicy]
    pages: tuple[DeliveryRecord, ...]  # to this person, oldest first
    person: Reachability | None = None  # as they are reached now; None: they are not active
    reachable_so_since: datetime | None = None  # when that was said; None: it was never otherwise
    team_ids: frozenset[TeamId] = frozenset()  # those that they are in now
    schedules: Mapping[tuple[ScheduleId, datetime], Timeline] = field(default_factory=dict)  # each as was known then
    covers: Mapping[OverrideId, CoverRequest] = field(default_factory=dict)  # that overrides of these came of


class UrgencyReason(StrEnum):
    SEVERITY = "severity"
    TIER = "tier"  # of the service, with the severity
    ALWAYS = "always"  # the service's incidents are always so
    SUPPORT_HOURS = "support_hours"  # it began inside, or outside of them
    RULE_OF_THEN = "rule_of_then"  # the service has another rule now
    CHANGED = "changed"  # somebody graded it anew or raised it, or support hours began


class CauseKind(StrEnum):
    STEP = "step"
    LAST_RESORT = "last_resort"
    REASSIGNED = "reassigned"  # it was given to them by name
    ASKED = "asked"  # they were asked to help


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a page was made for. For a step: the run, its policy, and the target and source that meant the person."""

    kind: CauseKind
    event: Tells
    run: EscalationRun | None = None
    policy: EscalationPolicy | None = None
    target: Target | None = None
    source: Source | None = None  # for a schedule: what had put them on call, as was known then
    cover: CoverRequest | None = None  # what the source came of: somebody asked them, or they offered a swap
    urgency: Urgency
    urgency_event: SetsUrgency  # what made it so
    urgency_reason: UrgencyReason


class RuleKind(StrEnum):
    RULE = "rule"
    EVERYWHERE = "everywhere"  # there is no rule for the urgency: they are told on every contact at once
    STAND_IN = "stand_in"  # for a page of the rule that its contact refused
    RULE_OF_THEN = "rule_of_then"  # they have said otherwise since


class UsedRule(NamedTuple):
    """By which of a person's rules a page was sent. `number` counts from 0; of contacts, when there is no rule."""

    kind: RuleKind
    number: int
    delay: timedelta | None = None  # None: it is not known any more


class Reason(StrEnum):
    """Why a person was not paged."""

    # A page was made, and has not left.
    RULE_DELAY = "rule_delay"
    QUIET_HOURS = "quiet_hours"
    THROTTLED = "throttled"
    UNDELIVERED = "undelivered"  # it was refused, or given up, or is tried again
    CANCELLED = "cancelled"  # somebody answered first, or it began anew
    # Nothing was made for them.
    UNREACHABLE = "unreachable"
    CONDITION = "condition"
    OFF_CALL = "off_call"
    NOT_THEIR_TURN = "not_their_turn"
    NOT_NAMED_THEN = "not_named_then"  # the step names them only since
    NOT_YET_REACHED = "not_yet_reached"
    ANSWERED = "answered"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    PASSED_BY = "passed_by"  # the escalation went on, or began, with a later step
    MUTED = "muted"  # by a rule, a silence, maintenance or another alert: nobody has been paged
    NOT_A_TARGET = "not_a_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """The first reason. `due_at`: when it would have been their turn, or will be."""

    reason: Reason
    at: datetime
    position: Position | None = None
    target: Target | None = None  # what names them in the step
    instead: tuple[UserId, ...] = ()  # who was told in their place
    by: UserId | None = None  # whose answer it was
    due_at: datetime | None = None
    until: datetime | None = None  # of a snooze or a mute
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPage:
    record: DeliveryRecord
    cause: Cause | None  # None: its facts are gone
    rule: UsedRule
    quiet_until: datetime | None  # it waits, or waited, for the end of quiet hours
    withheld: WhyNot | None  # None: it has left
    acknowledgement: IncidentAcknowledged | None  # the first after it was made


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Exactly one of the two: a page has left, or there is a first reason why none has."""

    triggered: IncidentTriggered
    urgency_reason: UrgencyReason
    pages: tuple[ExplainedPage, ...]
    why_not: WhyNot | None

    def __post_init__(self) -> None:
        has_left = any(each.withheld is None for each in self.pages)
        assert has_left == (self.why_not is None), "somebody was paged, or there is a reason why not"


def explain(facts: Facts) -> Explanation:
    """The same facts have the same explanation."""
    course = _Course(facts)
    pages = tuple(_explained(course, record) for record in facts.pages)
    withheld = [each.withheld for each in pages]
    why_not: WhyNot | None = None
    if not pages:
        why_not = _never_paged(course)
    elif None not in withheld:
        why_not = withheld[0]
    return Explanation(
        triggered=course.triggered,
        urgency_reason=_urgency_reason(facts.service, course.triggered),
        pages=pages,
        why_not=why_not,
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """The facts, with what is found in them again and again."""

    facts: Facts

    @property
    def triggered(self) -> IncidentTriggered:
        return next(each for each in self.facts.events if isinstance(each, IncidentTriggered))

    def run(self, run_id: RunId | None) -> EscalationRun | None:
        return next((each for each in self.facts.runs if each.id == run_id), None)

    def policy_of(self, run: EscalationRun | None) -> EscalationPolicy | None:
        return None if run is None else self.facts.policies.get((run.policy_id, run.policy_version))

    def timeline(self, schedule_id: ScheduleId, at: datetime) -> Timeline:
        """As was known at the instant; empty when that is not among the facts."""
        return self.facts.schedules.get((schedule_id, at), Timeline())

    def named_in(self, step: Step, at: datetime) -> Target | None:
        """The first target of the step that may mean the person: of a schedule, whoever it ever puts on call.

        Who is in a team is known of now alone.
        """
        return next((target for target in step.targets if self._may_mean_them(target, at)), None)

    def named_by(self, event: EscalationStepReached | EscalationStepSkipped) -> Target | None:
        policy = self.policy_of(self.run(event.run_id))
        return None if policy is None else self.named_in(policy.steps[event.step], event.at)

    def _may_mean_them(self, target: Target, at: datetime) -> bool:
        match target.kind:
            case TargetKind.USER:
                return target.id == self.facts.user_id
            case TargetKind.TEAM:
                return target.id in self.facts.team_ids
            case TargetKind.SCHEDULE:
                schedule_id = ScheduleId(target.id)
                known = max(
                    (when for each, when in self.facts.schedules if each == schedule_id and when <= at), default=at
                )
                return self.facts.user_id in meant_at_some_time(
                    (), {schedule_id: self.timeline(schedule_id, known)}, {}
                )
            case TargetKind.CHANNEL | TargetKind.WEBHOOK:
                return False

    def place_of(self, event: DomainEvent) -> int:
        return next(place for place, each in enumerate(self.facts.events) if each is event)

    def set_urgency(self, place: int) -> SetsUrgency:
        """What had made the incident as urgent as it was at that place of its events."""
        setting = (each for each in reversed(self.facts.events[: place + 1]) if isinstance(each, _SETS_URGENCY))
        return next(setting, self.triggered)

    def changes(self, since: int) -> Iterator[tuple[IncidentEvent, Incident, Incident]]:
        """What happened to the incident from that place of its events on, with what it was before and after."""
        facts = [each for each in self.facts.events if isinstance(each, IncidentEvent)]
        first = sum(isinstance(each, IncidentEvent) for each in self.facts.events[:since])
        states = tuple(Incident.states(facts))
        for number in range(max(first, 1), len(facts)):
            yield facts[number], states[number - 1], states[number]


# ---------------------------------------------------------------------------------------------------- of a page


def _explained(course: _Course, record: DeliveryRecord) -> ExplainedPage:
    page = record.notification
    cause = _cause(course, page)
    rule = _used_rule(course.facts, page, None if cause is None else cause.urgency)
    quiet_until = _quiet_until(course.facts, page, rule, cause)
    acknowledgements = (each for each in course.facts.events if isinstance(each, IncidentAcknowledged))
    return ExplainedPage(
        record=record,
        cause=cause,
        rule=rule,
        quiet_until=quiet_until,
        withheld=None if has_left(record) else _withheld(course, record, cause, quiet_until),
        acknowledgement=next((each for each in acknowledgements if each.at >= page.created_at), None),
    )


def has_left(record: DeliveryRecord) -> bool:
    """Whether its person may have seen it: it was taken, is with a courier, or nobody knows."""
    if record.notification.status in {NotificationStatus.SENT, NotificationStatus.SENDING}:
        return True
    undelivered = {each.number for each in record.attempts if each.outcome is Outcome.UNDELIVERED}
    may_have_come = {Outcome.DELIVERED, Outcome.UNKNOWN}
    return any(each.outcome in may_have_come and each.number not in undelivered for each in record.attempts)


def _cause(course: _Course, page: Notification) -> Cause | None:
    telling = (each for each in course.facts.events if isinstance(each, _TELLS) and _told_by(course, each, page))
    event = next(telling, None)
    if event is None:
        return None
    setting = course.set_urgency(course.place_of(event))
    run = course.run(page.run_id)
    policy = course.policy_of(run)
    target, source = None, None
    if isinstance(event, EscalationStepReached) and policy is not None:
        target, source = _meant_by(course, policy.steps[event.step], event)
    return Cause(
        kind=_CAUSES[type(event)],
        event=event,
        run=run,
        policy=policy,
        target=target,
        source=source,
        cover=None if source is None or source.override_id is None else course.facts.covers.get(source.override_id),
        urgency=_urgency_of(setting),
        urgency_event=setting,
        urgency_reason=_urgency_reason(course.facts.service, setting),
    )


_TELLS: Final = (EscalationStepReached, EscalationFallBackPaged, IncidentReassigned, IncidentRespondersAsked)
_CAUSES: Final[Mapping[type[DomainEvent], CauseKind]] = {
    EscalationStepReached: CauseKind.STEP,
    EscalationFallBackPaged: CauseKind.LAST_RESORT,
    IncidentReassigned: CauseKind.REASSIGNED,
    IncidentRespondersAsked: CauseKind.ASKED,
}


def _told_by(course: _Course, event: Tells, page: Notification) -> bool:
    match event:
        case EscalationStepReached():
            return (event.run_id, event.round, event.step) == (page.run_id, page.round, page.step)
        case EscalationFallBackPaged():
            policy = course.policy_of(course.run(page.run_id))
            return event.run_id == page.run_id and policy is not None and page.step >= len(policy.steps)
        case IncidentReassigned() | IncidentRespondersAsked():
            return event.run_id == page.run_id and page.user_id in event.users


def _meant_by(course: _Course, step: Step, event: EscalationStepReached) -> tuple[Target | None, Source | None]:
    """The first target that accounts for the person, a team last, since who was in it then is not stored.

    Of a step that takes turns it is the one that accounts for everybody who was told.
    """
    user_id = course.facts.user_id
    for target in step.targets:
        if target.kind is TargetKind.USER and target.id == user_id:
            if not step.takes_turns or event.responders == (user_id,):
                return target, None
        elif target.kind is TargetKind.SCHEDULE:
            timeline = course.timeline(ScheduleId(target.id), event.at)
            on_call = timeline.on_call(event.at)
            if user_id in on_call and (not step.takes_turns or event.responders == on_call):
                return target, _source_of(timeline, user_id, event.at)
    teams = [each for each in step.targets if each.kind is TargetKind.TEAM]
    own = [each for each in teams if each.id in course.facts.team_ids]
    found = next(iter(own or teams), None)
    if found is None:
        # The schedule was being changed while it was asked.
        found = next((each for each in step.targets if each.kind is TargetKind.SCHEDULE), None)
    return found, None


def _source_of(timeline: Timeline, user_id: UserId, at: datetime) -> Source | None:
    schedule = timeline.in_force(at)
    if schedule is None:
        return None
    assigned = coverage.explain(schedule, at).on_call
    return next((each.source for each in assigned if each.user_id == user_id), None)


def _used_rule(facts: Facts, page: Notification, urgency: Urgency | None) -> UsedRule:
    if page.rule_position >= FALL_BACK_POSITION:
        return UsedRule(RuleKind.STAND_IN, page.rule_position % FALL_BACK_POSITION, timedelta(0))
    of_then = UsedRule(RuleKind.RULE_OF_THEN, page.rule_position)
    if facts.person is None or urgency is None or not _is_as_it_was(facts, facts.person, page.created_at):
        return of_then
    rules = applying(facts.person.contacts, facts.person.rules, urgency=urgency)
    if not rules:
        return UsedRule(RuleKind.EVERYWHERE, page.rule_position, timedelta(0))
    rule = next((each for each in rules if each.position == page.rule_position), None)
    return of_then if rule is None else UsedRule(RuleKind.RULE, rule.position, rule.delay)


def _is_as_it_was(facts: Facts, person: Reachability, at: datetime) -> bool:
    """Whether they are reached now as they were then: a contact that is verified meanwhile may change it too."""
    verified = (each.verified_at for each in person.contacts if each.verified_at is not None)
    return max(facts.reachable_so_since or at, *verified, at) <= at


def _quiet_until(facts: Facts, page: Notification, rule: UsedRule, cause: Cause | None) -> datetime | None:
    """None also when they have said since when they are left alone, and so it is not known."""
    is_stand_in = rule.kind is RuleKind.STAND_IN
    if facts.person is None or cause is None or cause.urgency is Urgency.HIGH or rule.delay is None or is_stand_in:
        return None
    quiet_hours = facts.person.quiet_hours
    return None if quiet_hours is None else quiet_hours.end_after(page.created_at + rule.delay)


def _withheld(course: _Course, record: DeliveryRecord, cause: Cause | None, quiet_until: datetime | None) -> WhyNot:
    """Why a page that was made has not left."""
    page = record.notification
    last = record.attempts[-1] if record.attempts else None
    position = None if cause is None or cause.kind is not CauseKind.STEP else Position(page.round, page.step)
    if page.status is NotificationStatus.CANCELLED:
        return _cancelled(course, page, position, cause)
    if last is not None:
        return WhyNot(
            reason=Reason.THROTTLED if last.outcome is Outcome.HELD else Reason.UNDELIVERED,
            at=last.finished_at,
            position=position,
            due_at=page.next_deadline,
            detail=last.detail,
        )
    return WhyNot(
        reason=Reason.RULE_DELAY if quiet_until is None else Reason.QUIET_HOURS,
        at=page.created_at,
        position=position,
        due_at=page.next_deadline,
    )


def _cancelled(course: _Course, page: Notification, position: Position | None, cause: Cause | None) -> WhyNot:
    """By the first fact after it was made that leaves nothing of it waiting."""
    since = 0 if cause is None else course.place_of(cause.event)
    for event, before, after in course.changes(since):
        is_theirs = isinstance(event, IncidentAcknowledged) and event.by == page.user_id
        is_over = after.status is not IncidentStatus.TRIGGERED and before != after
        if event.at >= page.created_at and (is_theirs or is_over or _begins_anew(event, before, after)):
            return WhyNot(reason=Reason.CANCELLED, at=event.at, position=position, by=_who(event), detail=event.kind)
    return WhyNot(reason=Reason.CANCELLED, at=page.created_at, position=position)


def _begins_anew(event: IncidentEvent, before: Incident, after: Incident) -> bool:
    return isinstance(event, IncidentEscalated | IncidentReassigned) or pages_anew(before, after)


# ---------------------------------------------------------------------------------------------------- of no page


def _never_paged(course: _Course) -> WhyNot:
    """The oldest fact that passed the person by; or else what was still to come, by the newest run that names them."""
    for event in course.facts.events:
        passed_by = _passed_by(course, event)
        if passed_by is not None:
            return passed_by
    for run in reversed(course.facts.runs):
        never_came = _never_came(course, run)
        if never_came is not None:
            return never_came
    told = tuple(dict.fromkeys(_told(course.facts)))
    muted = None if course.facts.runs or told else _muted(course)
    return muted or WhyNot(reason=Reason.NOT_A_TARGET, at=course.triggered.at, instead=told)


def _muted(course: _Course) -> WhyNot | None:
    """What has held back the pages of an incident that never escalated, the last of several."""
    held = [(each.at, each.mute) for each in course.facts.events if isinstance(each, IncidentMuted)]
    at, mute = held[-1] if held else (course.triggered.at, course.triggered.muted)
    return None if mute is None else WhyNot(reason=Reason.MUTED, at=at, until=mute.until, detail=mute.reason)


def _told(facts: Facts) -> Iterator[UserId]:
    for event in facts.events:
        match event:
            case EscalationStepReached() | EscalationFallBackPaged():
                left_out = {*event.unreachable, *event.answered}
                yield from (each for each in event.responders if each not in left_out)
            case IncidentReassigned() | IncidentRespondersAsked():
                yield from event.users
            case _:
                continue


def _passed_by(course: _Course, event: DomainEvent) -> WhyNot | None:
    """Why this fact did not page somebody whom it might have."""
    match event:
        case EscalationStepReached() | EscalationFallBackPaged() if course.facts.user_id in event.unreachable:
            position = Position(event.round, event.step) if isinstance(event, EscalationStepReached) else None
            return WhyNot(reason=Reason.UNREACHABLE, at=event.at, position=position)
        case EscalationStepReached() | EscalationFallBackPaged() if course.facts.user_id in event.answered:
            # Several must acknowledge, and they had done so without having been paged.
            answered = WhyNot(reason=Reason.ANSWERED, at=event.at, by=course.facts.user_id)
            if isinstance(event, EscalationFallBackPaged):
                return answered
            return replace(answered, position=Position(event.round, event.step), target=course.named_by(event))
        case EscalationStepReached() if course.facts.user_id not in event.responders:
            return _meant_others(course, event)
        case EscalationStepSkipped():
            target = course.named_by(event)
            if target is None:
                return None
            position = Position(event.round, event.step)
            return WhyNot(reason=Reason.CONDITION, at=event.at, position=position, target=target, detail=event.detail)
        case _:
            return None


def _meant_others(course: _Course, event: EscalationStepReached) -> WhyNot | None:
    """A step that names the person was reached, and meant others then."""
    target = course.named_by(event)
    policy = course.policy_of(course.run(event.run_id))
    if target is None or policy is None:
        return None
    takes_turns = policy.steps[event.step].takes_turns
    match target.kind:
        case TargetKind.SCHEDULE:
            is_on_call = course.facts.user_id in course.timeline(ScheduleId(target.id), event.at).on_call(event.at)
            reason = Reason.NOT_THEIR_TURN if takes_turns and is_on_call else Reason.OFF_CALL
        case TargetKind.TEAM:
            reason = Reason.NOT_THEIR_TURN if takes_turns else Reason.NOT_NAMED_THEN
        case TargetKind.USER:
            reason = Reason.NOT_THEIR_TURN
    return WhyNot(
        reason=reason,
        at=event.at,
        position=Position(event.round, event.step),
        target=target,
        instead=event.responders,
    )


def _never_came(course: _Course, run: EscalationRun) -> WhyNot | None:
    """Why no step of the run that names the person was reached; None: none of its steps does."""
    policy = course.policy_of(run)
    if policy is None:
        return None
    for position, after in _ahead(policy, run.position):
        target = course.named_in(policy.steps[position.step], course.facts.at)
        if target is None:
            continue
        if run.next_deadline is None:
            ended = _ended(course, run)
            return replace(ended, position=position, target=target, due_at=_would_be_due(course, run, policy, after))
        return WhyNot(
            reason=Reason.NOT_YET_REACHED,
            at=course.facts.at,
            position=position,
            target=target,
            due_at=run.next_deadline + after,
        )
    return _was_before(course, run, policy)


def _ahead(policy: EscalationPolicy, position: Position | None) -> Iterator[tuple[Position, timedelta]]:
    """The steps from there on, each with how long after that one it is due when nobody answers and all apply."""
    after = timedelta(0)
    while position is not None:
        yield position, after
        after += policy.steps[position.step].delay
        position = following(policy, position)


def _would_be_due(course: _Course, run: EscalationRun, policy: EscalationPolicy, after: timedelta) -> datetime | None:
    """None when the run ended before its first step."""
    last = next((each for each in reversed(tuple(_reached(course.facts))) if each.run_id == run.id), None)
    return None if last is None else last.at + policy.steps[last.step].delay + after


def _ended(course: _Course, run: EscalationRun) -> WhyNot:
    """What ended a run before all of its steps had been reached."""
    ending = _ending(course, run)
    if ending is None:
        return WhyNot(reason=Reason.PASSED_BY, at=run.started_at)
    reason = next((reason for kind, reason in _ENDINGS.items() if isinstance(ending, kind)), Reason.PASSED_BY)
    until = ending.until if isinstance(ending, IncidentSnoozed) else None
    return WhyNot(reason=reason, at=ending.at, by=_who(ending), until=until, detail=ending.kind)


_ENDINGS: Final[Mapping[type[DomainEvent], Reason]] = {
    IncidentAcknowledged: Reason.ANSWERED,
    IncidentTakenOver: Reason.ANSWERED,
    IncidentSnoozed: Reason.SNOOZED,
    IncidentResolved: Reason.RESOLVED,
}


def _ending(course: _Course, run: EscalationRun) -> DomainEvent | None:
    """The fact of the instant at which the run was stopped: an answer rather than anything else of that instant."""
    ends = (each for each in course.facts.events if isinstance(each, EscalationStopped | EscalationMoved))
    stopped = next((each for each in ends if each.run_id == run.id), None)
    if stopped is None or isinstance(stopped, EscalationMoved):
        return stopped
    facts = [each for each in course.facts.events if isinstance(each, IncidentEvent) and each.at == stopped.at]
    answers = [each for each in facts if isinstance(each, tuple(_ENDINGS))]
    return next(reversed(answers or facts), None)


def _was_before(course: _Course, run: EscalationRun, policy: EscalationPolicy) -> WhyNot | None:
    """A step names the person now, and the run is past it: it began or went on later, or did not mean them then."""
    for number, step in enumerate(policy.steps):
        target = course.named_in(step, course.facts.at)
        if target is None:
            continue
        reached = next((each for each in _reached(course.facts) if (each.run_id, each.step) == (run.id, number)), None)
        if reached is None:
            return WhyNot(reason=Reason.PASSED_BY, at=run.started_at, position=Position(0, number), target=target)
        return WhyNot(
            reason=Reason.NOT_NAMED_THEN,
            at=reached.at,
            position=Position(reached.round, number),
            target=target,
            instead=reached.responders,
        )
    return None


def _reached(facts: Facts) -> Iterator[EscalationStepReached]:
    return (each for each in facts.events if isinstance(each, EscalationStepReached))


# ---------------------------------------------------------------------------------------------------- of both


def _who(event: DomainEvent) -> UserId | None:
    return event.by if isinstance(event, IncidentAct | EscalationMoved) else None


_SETS_URGENCY: Final = (IncidentTriggered, IncidentSeverityChanged, IncidentUrgencyRaised)


def _urgency_of(event: SetsUrgency) -> Urgency:
    return Urgency.HIGH if isinstance(event, IncidentUrgencyRaised) else event.urgency


def _urgency_reason(service: Service, event: SetsUrgency) -> UrgencyReason:
    """By the service's rule, if what it says now is what was decided then."""
    if not isinstance(event, IncidentTriggered):
        return UrgencyReason.CHANGED
    says = judged(
        service.urgency_rule, event.severity, tier=service.tier, support_hours=service.support_hours, at=event.at
    )
    if says != (event.urgency, event.rises_at):
        return UrgencyReason.RULE_OF_THEN
    match service.urgency_rule:
        case UrgencyRule.BY_SEVERITY:
            return UrgencyReason.SEVERITY if service.tier is None else UrgencyReason.TIER
        case UrgencyRule.SUPPORT_HOURS:
            return UrgencyReason.SUPPORT_HOURS
        case UrgencyRule.ALWAYS_HIGH | UrgencyRule.ALWAYS_LOW:
            return UrgencyReason.ALWAYS
