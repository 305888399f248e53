"""What must hold: always, whatever fails (`Watch`), and in the end, when nothing fails any more (`settled`)."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from adapters.outbound.memory.database import MemoryDatabase
from adapters.wire.events import incident_of
from application.ports.intake import AlertKey
from application.ports.notifier import Message, NoticeMessage, Outcome
from domain.alert.alert import AlertStatus
from domain.alert.events import AlertJoined
from domain.escalation.events import EscalationStepReached, EscalationStepSkipped
from domain.escalation.plan import FIRST, Position, following
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.escalation.run import RunStatus
from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAcknowledgementExpired,
    IncidentEscalated,
    IncidentEvent,
    IncidentReassigned,
    IncidentReopened,
    IncidentRespondersAsked,
    IncidentSnoozeEnded,
    IncidentTriggered,
    IncidentUnacknowledged,
    IncidentWorsened,
)
from domain.incident.incident import Incident, IncidentStatus
from domain.notification.events import NotificationFailed, NotificationSent
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.throttle import WINDOW
from domain.oncall.history import as_known, on_call_as_known
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, NotificationId, RunId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval

# After a fault a lost lease, a retry or a poll may still be waited for.
RECOVERY: Final = timedelta(minutes=20)
AROUND: Final = timedelta(hours=3)  # an instant, so that clock changes and handoffs lie on both sides of it
# A courier that looked between the making of a page and its own question for the next deadline waits so long.
LEAST_WAIT: Final = timedelta(milliseconds=20)
# After each of these nobody has the incident, and it pages under another run.
PAGES_ANEW: Final = (
    IncidentAcknowledgementExpired,
    IncidentEscalated,
    IncidentWorsened,
    IncidentReassigned,
    IncidentReopened,
    IncidentSnoozeEnded,
    IncidentUnacknowledged,
)


class BrokenPromiseError(AssertionError):
    """A promise was broken."""


def require(holds: bool, promise: str, about: object) -> None:
    if not holds:
        raise BrokenPromiseError(f"{promise}: {about}")


@dataclass(slots=True)
class Send:
    """One message that a courier handed to a channel."""

    at: datetime
    attempt: int  # of the page that it is remembered for
    outcome: Outcome | None = None  # None: the channel has not answered, or nobody was there to hear it
    may_have_arrived: bool = False


@dataclass(slots=True)
class Watch:
    """Looks at the committed state after every commit, and at every message before it leaves."""

    database: MemoryDatabase
    accepted: Counter[AlertKey] = field(default_factory=Counter)
    sends: dict[NotificationId, list[Send]] = field(default_factory=lambda: defaultdict(list))
    due_at: dict[NotificationId, datetime] = field(default_factory=dict)
    page_keys: set[tuple[object, ...]] = field(default_factory=set)
    made_when_answered: dict[tuple[IncidentId, int], int] = field(default_factory=dict)
    asked: set[RunId] = field(default_factory=set)  # the names of pages to people who were asked to help
    begins_with: dict[RunId, Position] = field(default_factory=dict)
    made: Counter[IncidentId] = field(default_factory=Counter)
    events_of: dict[IncidentId, list[DomainEvent]] = field(default_factory=lambda: defaultdict(list))
    last_step: dict[RunId, EscalationStepReached] = field(default_factory=dict)
    last_position: dict[RunId, Position] = field(default_factory=dict)  # reached or passed over
    began_with: dict[RunId, int] = field(default_factory=dict)
    on_call_as_known: dict[tuple[ScheduleId, datetime], tuple[UserId, ...]] = field(default_factory=dict)
    joins_until: dict[IncidentId, datetime] = field(default_factory=dict)  # of those that have a window
    read: int = 0  # how much of the log has been looked at

    def look(self) -> None:
        """After a commit. Only what it touched is looked at."""
        touched = set()
        for logged in self.database.log[self.read :]:
            incident_id = incident_of(logged.event)
            if incident_id is not None:  # the others are about requests for cover
                touched.add(incident_id)
                self._event(incident_id, logged.event)
        self.read = len(self.database.log)
        self._new_pages()
        for incident_id in touched:
            self._incident(incident_id)

    def look_at_everything(self) -> None:
        """What is about all rows at once, and too much for every commit."""
        occurrences: Counter[AlertKey] = Counter()
        firing: Counter[AlertKey] = Counter()
        for alert in self.database.alerts.values():
            occurrences[alert.integration_id, alert.dedup_key] += alert.occurrences
            firing[alert.integration_id, alert.dedup_key] += alert.status is AlertStatus.FIRING
            if alert.status is AlertStatus.FIRING:
                is_open = self.database.incidents[alert.incident_id].is_open
                require(is_open, "a firing alert has an open incident", alert)
        require(not self.accepted - occurrences, "P1 what was accepted is stored", self.accepted - occurrences)
        require(max(firing.values(), default=0) <= 1, "a key fires once", firing.most_common(1))
        open_groups = Counter(
            (each.service_id, each.group_key) for each in self.database.incidents.values() if each.holds_group
        )
        require(
            max(open_groups.values(), default=0) <= 1,
            "a group has one open incident that takes its alerts",
            open_groups.most_common(1),
        )
        for run in self.database.runs.values():
            version = self.began_with.setdefault(run.id, run.policy_version)
            require(run.policy_version == version, "P7 a run keeps its policy's version", run)

    def ask_who_is_on_call(self, at: datetime) -> None:
        """In every schedule, so that there is a past that must not change."""
        for schedule_id in self.database.schedule_histories:
            self._on_call(schedule_id, at)

    def before_send(self, message: Message | NoticeMessage, at: datetime) -> tuple[Send, ...]:
        """P4 and P5 for a message that is about to leave, and for every page that it speaks for."""
        sends = self.sends[message.notification_id]
        same = [send for send in sends if send.attempt == message.attempt]
        require(not same, "P4 an attempt is sent once", message)
        pages = dict.fromkeys((message.notification_id, *message.speaks_for))
        return tuple(self._before_page(page_id, message, at) for page_id in pages)

    def _before_page(self, page_id: NotificationId, message: Message | NoticeMessage, at: datetime) -> Send:
        page = self.database.notifications[page_id]
        require(page.user_id == message.user_id, "a message speaks for its reader's pages", (page, message))
        require(at >= self.due_at[page_id], "P5 no page before it is due", message)
        attempt = message.attempt if page_id == message.notification_id else page.attempts
        for earlier in self.sends[page_id]:
            if earlier.attempt < attempt and earlier.may_have_arrived:
                require(message.may_be_repeat, "P4 what may be a repeat says so", message)
        send = Send(at, attempt, may_have_arrived=True)  # until the channel says otherwise
        self.sends[page_id].append(send)
        return send

    def _event(self, incident_id: IncidentId, event: DomainEvent) -> None:
        before = self.events_of[incident_id]
        facts = [each for each in before if isinstance(each, IncidentEvent)]
        was_answered = bool(facts) and Incident.fold(facts).status is not IncidentStatus.TRIGGERED
        before.append(event)
        if isinstance(event, IncidentTriggered) and event.group_window is not None:
            self.joins_until[incident_id] = event.group_window.end_from(event.at)
        if isinstance(event, AlertJoined):
            self._joins(incident_id, event.at)
        if isinstance(event, IncidentRespondersAsked):
            self.asked.add(event.run_id)
        if isinstance(event, IncidentEscalated):
            self.begins_with[event.run_id] = Position(event.round, event.step)
        if isinstance(event, EscalationStepReached):
            require(not was_answered, "P3 no step after an answer", event)
            self._step(event)
        if isinstance(event, EscalationStepSkipped):
            self._comes_past(event)
        if isinstance(event, NotificationSent) and was_answered and not self._is_asked(event.notification_id):
            require(event.was_overtaken, "P3 what left after an answer is labelled", event)

    def _joins(self, incident_id: IncidentId, at: datetime) -> None:
        window, until = self.database.incidents[incident_id].group_window, self.joins_until.get(incident_id)
        if window is None or until is None:
            return
        require(at < until, "a window takes no alert after its end", (incident_id, at, until))
        self.joins_until[incident_id] = window.end_after(at, until=until)

    def _step(self, event: EscalationStepReached) -> None:
        require(event.at >= event.due_at, "P5 no step before it is due", event)
        policy = self._comes_past(event)
        last = self.last_step.get(event.run_id)
        if last is not None:
            waited = event.at - last.at >= policy.steps[last.step].delay
            require(waited, "a step gets its whole delay, however late it was", (last, event))
        self.last_step[event.run_id] = event
        self._means_who_is_on_call(policy.steps[event.step], event)

    def _means_who_is_on_call(self, step: Step, event: EscalationStepReached) -> None:
        """At this instant, whatever was missed: as the schedules are at the commit that reached the step."""
        meant = [self._meant_by(target, event.at) for target in step.targets]
        together = tuple(dict.fromkeys(user_id for each in meant for user_id in each))
        allowed = meant if step.takes_turns else [together]
        require(event.responders in allowed, "P6 a step means whoever is on call", (event, allowed))

    def _meant_by(self, target: Target, at: datetime) -> tuple[UserId, ...]:
        match target.kind:
            case TargetKind.USER:
                return (UserId(target.id),)
            case TargetKind.TEAM:
                return self.database.teams[TeamId(target.id)].member_ids
            case TargetKind.SCHEDULE:
                return self._on_call(ScheduleId(target.id), at)
            case TargetKind.CHANNEL | TargetKind.WEBHOOK:
                return ()

    def _on_call(self, schedule_id: ScheduleId, at: datetime) -> tuple[UserId, ...]:
        """Also by the shifts around the instant; and what was known just before it, which is remembered."""
        timeline = as_known(self.database.schedule_histories[schedule_id])
        on_call = timeline.on_call(at)
        around = Interval(start=at - AROUND, end=at + AROUND)
        on_shift = {each.user_id for each in timeline.shifts(around) if each.interval.contains(at)}
        require(set(on_call) == on_shift, "P6 who is on call has a shift around the instant", (schedule_id, at))
        self.on_call_as_known[schedule_id, at] = self.on_call_as_known_before(schedule_id, at)
        return on_call

    def on_call_as_known_before(self, schedule_id: ScheduleId, at: datetime) -> tuple[UserId, ...]:
        """At the instant, as was known just before: whatever is said at that instant itself is no part of it."""
        return on_call_as_known(self.database.schedule_histories[schedule_id], at, at - timedelta.resolution)

    def _comes_past(self, event: EscalationStepReached | EscalationStepSkipped) -> EscalationPolicy:
        """A step was reached or passed over; the policy of its run."""
        run = self.database.runs[event.run_id]
        policy = self.database.policy_versions[run.policy_id, run.policy_version]
        last, position = self.last_position.get(event.run_id), Position(event.round, event.step)
        expected = self.begins_with.get(run.id, FIRST) if last is None else following(policy, last)
        require(position == expected, "steps come in order, each once", (event, expected))
        self.last_position[event.run_id] = position
        return policy

    def _new_pages(self) -> None:
        for page in self.database.notifications.values():
            if page.id in self.due_at:
                self._held_back(page)
                continue
            assert page.next_deadline is not None
            is_handed_over = page.status is NotificationStatus.SENDING  # leased by the tick that made it, for at once
            self.due_at[page.id] = page.created_at if is_handed_over else page.next_deadline
            if page.purpose is not Purpose.PAGE:
                continue
            assert page.incident_id is not None
            self.made[page.incident_id] += page.run_id not in self.asked
            key = page.run_id, page.round, page.step, page.recipient_id, page.rule_position
            require(key not in self.page_keys, "P4 one intent for each run, round, step, user and rule", page)
            self.page_keys.add(key)

    def _held_back(self, page: Notification) -> None:
        """A page that never left may be due anew only since its contact had too many, and not for long."""
        due_at, waits_until = self.due_at[page.id], page.next_deadline
        if page.attempts or page.status is not NotificationStatus.PENDING or waits_until in {None, due_at}:
            return
        assert waits_until is not None
        held = [each for each in self.database.attempts if each.notification_id == page.id]
        require(held[-1].outcome is Outcome.HELD, "what is held back says so in the ledger", page)
        require(waits_until - held[-1].started_at <= WINDOW, "P5 what is held back waits for one window", page)
        self.due_at[page.id] = waits_until

    def _incident(self, incident_id: IncidentId) -> None:
        incident = self.database.incidents[incident_id]
        facts = [event for event in self.events_of[incident_id] if isinstance(event, IncidentEvent)]
        require(Incident.fold(facts) == replace(incident, version=0), "P8 state is what its events say", incident)
        if incident.status is IncidentStatus.TRIGGERED:
            return
        stretch = incident_id, sum(isinstance(event, PAGES_ANEW) for event in facts)
        made = self.made_when_answered.setdefault(stretch, self.made[incident_id])
        require(self.made[incident_id] == made, "P3 no new page intent after an answer", incident)
        for page in self.database.notifications.values():
            if page.incident_id != incident_id or page.purpose is not Purpose.PAGE or page.run_id in self.asked:
                continue
            require(page.status is not NotificationStatus.PENDING, "P3 no page waits after an answer", page)
            if page.status is NotificationStatus.SENDING:
                require(page.was_overtaken, "P3 what is under way is labelled", page)

    def _is_asked(self, notification_id: NotificationId) -> bool:
        return self.database.notifications[notification_id].run_id in self.asked


def incident_acknowledged_by(watch: Watch, incident_id: IncidentId) -> set[UserId | None]:
    """Everyone who ever acknowledged it, enough of them or not."""
    return {event.by for event in watch.events_of[incident_id] if isinstance(event, IncidentAcknowledged)}


def settled(watch: Watch, *, calm_since: datetime) -> None:
    """Everything has come to its end, and everybody was told who could be."""
    database = watch.database
    watch.look_at_everything()
    reasons = {run.incident_id: run.status for run in database.runs.values()}
    newest = {run.incident_id: run.id for run in database.runs.values()}
    for incident in database.incidents.values():
        if incident.status is IncidentStatus.TRIGGERED:
            is_exhausted = reasons.get(incident.id) is RunStatus.EXHAUSTED
            require(is_exhausted, "P2 nothing stalls: open, unanswered, and nothing says why", incident)
    ended = {NotificationStatus.SENT, NotificationStatus.FAILED, NotificationStatus.CANCELLED}
    failed = {logged.event.notification_id for logged in database.log if isinstance(logged.event, NotificationFailed)}
    for page in database.notifications.values():
        require(page.status in ended, "every page leaves or fails", page)
        if page.purpose is not Purpose.PAGE:
            continue
        assert page.incident_id is not None
        incident = database.incidents[page.incident_id]
        if page.status is NotificationStatus.FAILED:
            require(page.id in failed, "a page fails visibly", page)
        if page.status is NotificationStatus.CANCELLED:
            is_answered = incident.status is not IncidentStatus.TRIGGERED or page.run_id in watch.asked
            is_answered |= page.user_id in incident_acknowledged_by(watch, incident.id)
            has_given_way = newest[incident.id] != page.run_id
            require(is_answered or has_given_way, "a page is cancelled only by an answer or another run", page)
        if page.status is NotificationStatus.SENT and page.created_at >= calm_since + RECOVERY:
            first = watch.sends[page.id][0].at
            is_timely = first - watch.due_at[page.id] <= LEAST_WAIT
            require(is_timely, "P5 in health a page leaves when it is due", (page, first))
    _every_step_was_told(watch)
    _the_past_has_not_changed(watch)
    _every_request_for_cover_is_decided(watch)


def _the_past_has_not_changed(watch: Watch) -> None:
    for (schedule_id, at), known in watch.on_call_as_known.items():
        now = watch.on_call_as_known_before(schedule_id, at)
        require(now == known, "P7 who was on call, as known then, has one answer for ever", (schedule_id, at, known))


def _every_request_for_cover_is_decided(watch: Watch) -> None:
    """And one that was accepted is on its schedule, unless that was taken back."""
    for request in watch.database.cover_requests.values():
        require(not request.is_open, "a request for cover expires if nobody answers it", request)
        ever = {each.part.id for each in watch.database.schedule_histories[request.schedule_id].overrides}
        is_there = {each.id for each in request.overrides} <= ever
        require(is_there, "a request for cover that was accepted is on the schedule", request)


def _every_step_was_told(watch: Watch) -> None:
    """Whoever a step named and could be reached has a page of it in the ledger, and so has each destination."""
    paged = {
        (page.run_id, page.round, page.step, page.recipient_id)
        for page in watch.database.notifications.values()
        if page.purpose is Purpose.PAGE
    }
    for logged in watch.database.log:
        event = logged.event
        if isinstance(event, EscalationStepReached):
            people = set(event.responders) - set(event.unreachable) - set(event.answered)
            for recipient_id in (*people, *event.destinations):
                key = event.run_id, event.round, event.step, recipient_id
                require(key in paged, "whom a step reached has a page", event)
