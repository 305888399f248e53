"""The incident and its life: triggered, acknowledged, resolved; and back, when nobody has it any more."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from domain.incident.acknowledgement import Acknowledgement
from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAcknowledgementExpired,
    IncidentAnnotated,
    IncidentEscalated,
    IncidentEvent,
    IncidentFollowed,
    IncidentMuted,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentResponderAccepted,
    IncidentResponderDeclined,
    IncidentRespondersAsked,
    IncidentRetitled,
    IncidentSeverityChanged,
    IncidentSnoozed,
    IncidentSnoozeEnded,
    IncidentTakenOver,
    IncidentTriggered,
    IncidentUnacknowledged,
    IncidentUnmuted,
    IncidentUrgencyRaised,
    IncidentWorsened,
)
from domain.incident.mute import Mute
from domain.incident.responder import Responder, ResponderAnswer, answering
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.group_window import GroupWindow
from domain.shared.ids import AlertId, IncidentId, PolicyId, RunId, ServiceId, TeamId, UserId
from domain.shared.limits import (
    INCIDENT_RESPONDERS,
    NOTE_CHARACTERS,
    SNOOZE_SECONDS_MAX,
    SNOOZE_SECONDS_MIN,
    SUMMARY_CHARACTERS,
)
from domain.shared.quickly_built import quickly_built
from domain.shared.severity import Severity
from domain.shared.text import require_length
from domain.shared.urgency import Urgency
from domain.shared.via import Via

# Longer ago it is another incident: what is known of the first one is cold, and its numbers have been counted.
REOPEN_WITHIN: Final = timedelta(days=7)


class IncidentStatus(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDraft:
    """An incident before storage has said whether one is open for its service and group key, and given its number."""

    id: IncidentId
    service_id: ServiceId
    team_id: TeamId
    group_key: str
    title: str
    severity: Severity
    urgency: Urgency
    triggered_at: datetime
    acknowledgements_required: int = 1
    rises_at: datetime | None = None
    muted: Mute | None = None
    group_window: GroupWindow | None = None
    trace: str | None = None  # whose work it came of, for whoever follows that through several systems; no rule asks it

    def triggered(
        self,
        *,
        number: int,
        via: Via,
        by: UserId | None = None,
        alert_id: AlertId | None = None,
        follows: "Followed | None" = None,
    ) -> IncidentTriggered:
        """That it was opened, under the number that storage gave it."""
        return IncidentTriggered(
            incident_id=self.id,
            at=self.triggered_at,
            number=number,
            service_id=self.service_id,
            team_id=self.team_id,
            group_key=self.group_key,
            title=self.title,
            severity=self.severity,
            urgency=self.urgency,
            via=via,
            by=by,
            alert_id=alert_id,
            acknowledgements_required=self.acknowledgements_required,
            rises_at=self.rises_at,
            muted=self.muted,
            group_window=self.group_window,
            follows_incident_id=None if follows is None else follows.incident_id,
            follows_number=None if follows is None else follows.number,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An incident whose window is over, so that another one takes the alerts of its group from now on."""

    incident_id: IncidentId
    number: int
    group_window: GroupWindow

    def by(self, incident_id: IncidentId, *, number: int, at: datetime) -> IncidentFollowed:
        return IncidentFollowed(
            incident_id=self.incident_id,
            by_incident_id=incident_id,
            by_number=number,
            group_window=self.group_window,
            at=at,
        )


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One interruption of one service. Frozen, so that nothing undecided or unsaved leaks through a shared object."""

    id: IncidentId
    number: int  # for people: INC-123
    service_id: ServiceId
    team_id: TeamId
    group_key: str  # one open incident per service and group key takes alerts
    title: str
    severity: Severity
    urgency: Urgency
    status: IncidentStatus
    triggered_at: datetime
    acknowledgements_required: int = 1  # by so many different people
    acknowledgements: tuple[Acknowledgement, ...] = ()  # since it last was triggered, in order, each person once
    acknowledged_at: datetime | None = None
    acknowledged_by: UserId | None = None
    acknowledgement_expires_at: datetime | None = None
    snoozed_until: datetime | None = None
    rises_at: datetime | None = None  # when its urgency rises, if nobody has it then
    muted: Mute | None = None  # why nobody is paged; one that is resolved keeps what it was muted by
    policy_id: PolicyId | None = None  # another than its service's, since it was reassigned
    responders: tuple[Responder, ...] = ()  # who was asked to help
    group_window: GroupWindow | None = None  # for how long it takes alerts; None: as long as it is open
    followed_by: IncidentId | None = None  # which one takes them since its window was over
    resolved_at: datetime | None = None
    resolved_by: UserId | None = None
    version: int = 0  # how many times it has been saved; the optimistic lock

    @property
    def is_open(self) -> bool:
        return self.status is not IncidentStatus.RESOLVED

    @property
    def holds_group(self) -> bool:
        """Whether it is the one to ask whether an alert of its group may join."""
        return self.is_open and self.followed_by is None

    @property
    def answered_by(self) -> tuple[UserId, ...]:
        """Who has acknowledged it since it last was triggered, whether or not that is enough."""
        return tuple(each.by for each in self.acknowledgements)

    @property
    def acknowledgements_missing(self) -> int:
        """How many more people have to acknowledge it before somebody has it."""
        if self.status is not IncidentStatus.TRIGGERED:
            return 0
        return max(0, self.acknowledgements_required - len(self.acknowledgements))

    @property
    def next_deadline(self) -> datetime | None:
        """When to look at it again (`tick`); its escalation has deadlines of its own."""
        match self.status:
            case IncidentStatus.TRIGGERED:
                return self.rises_at if self.muted is None else self.muted.until
            case IncidentStatus.ACKNOWLEDGED:
                return self.snoozed_until or self.acknowledgement_expires_at
            case IncidentStatus.RESOLVED:
                return None

    @staticmethod
    def trigger(
        draft: IncidentDraft, *, number: int, via: Via, by: UserId | None = None, alert_id: AlertId | None = None
    ) -> "Change[Incident]":
        """Open the incident under the number that storage gave it."""
        event = draft.triggered(number=number, via=via, by=by, alert_id=alert_id)
        return Change(_opened(event), (event,))

    def tick(self, *, at: datetime) -> Change[Self]:
        """Act on the deadline if it is due, and never before (P5)."""
        if self.next_deadline is None or at < self.next_deadline:
            return Change(self)
        if self.status is IncidentStatus.TRIGGERED and self.muted is not None:
            return self.unmute(at=at)
        if self.status is IncidentStatus.TRIGGERED:
            return self._changed(IncidentUrgencyRaised(incident_id=self.id, via=Via.SYSTEM, at=at))
        if self.snoozed_until is not None:
            return self._changed(IncidentSnoozeEnded(incident_id=self.id, at=at))
        return self._changed(IncidentAcknowledgementExpired(incident_id=self.id, at=at))

    def mute(self, mute: Mute, *, at: datetime) -> Change[Self]:
        """Have something else hold its pages back. Without effect on one that pages, or that somebody has."""
        if self.status is not IncidentStatus.TRIGGERED or self.muted in {None, mute}:
            return Change(self)
        return self._changed(IncidentMuted(incident_id=self.id, mute=mute, at=at))

    def unmute(self, *, at: datetime) -> Change[Self]:
        """Have it page. Without effect on one that pages already, or that somebody has."""
        if self.status is not IncidentStatus.TRIGGERED or self.muted is None:
            return Change(self)
        return self._changed(IncidentUnmuted(incident_id=self.id, at=at))

    def page_again(self, *, alert_id: AlertId, at: datetime) -> Change[Self]:
        """Have it page from the beginning, since an alert joined that is news. Whoever had it has it no more.

        Without effect on one that is resolved, or muted.
        """
        if not self.is_open or self.muted is not None:
            return Change(self)
        return self._changed(IncidentWorsened(incident_id=self.id, alert_id=alert_id, at=at))

    def acknowledge(
        self, *, by: UserId | None, via: Via, at: datetime, timeout: timedelta | None = None
    ) -> Change[Self]:
        """Give the incident an owner, which stops its escalation, until the timeout if there is one.

        Where several acknowledgements are required it stays triggered until as many different people have given
        theirs; a sender (`by` None) is nobody of them. The owner may repeat it without effect, because queues deliver
        twice; anyone else takes it over. A sender never takes it from a person.

        Raises:
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open(IncidentStatus.ACKNOWLEDGED)
        if self.status is IncidentStatus.ACKNOWLEDGED and by in {self.acknowledged_by, None}:
            return Change(self)
        if self.status is IncidentStatus.TRIGGERED and not self._counts(by):
            return Change(self)
        expires_at = at + timeout if timeout is not None and self._is_enough_with(by) else None
        return self._changed(IncidentAcknowledged(incident_id=self.id, by=by, via=via, at=at, expires_at=expires_at))

    def unacknowledge(self, *, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Give it back: nobody has it, and it is triggered again. Without effect on one that nobody has.

        Raises:
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open(IncidentStatus.TRIGGERED)
        if self.status is IncidentStatus.TRIGGERED and not self.acknowledgements:
            return Change(self)
        return self._changed(IncidentUnacknowledged(incident_id=self.id, by=by, via=via, at=at))

    def take_over(self, *, by: UserId, via: Via, at: datetime, timeout: timedelta | None = None) -> Change[Self]:
        """Become the owner of what somebody else has. Of one's own it has no effect. A snooze ends with its owner.

        Raises:
            IllegalTransitionError: nobody has the incident.
        """
        if self.status is not IncidentStatus.ACKNOWLEDGED:
            raise IllegalTransitionError("incident", self.status, "taken over")
        if self.acknowledged_by == by:
            return Change(self)
        expires_at = None if timeout is None else at + timeout
        previous = self.acknowledged_by
        return self._changed(
            IncidentTakenOver(incident_id=self.id, by=by, via=via, at=at, previous=previous, expires_at=expires_at)
        )

    def snooze(self, *, until: datetime, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Acknowledge it until then, when it is triggered again. Repeating it has no effect.

        Raises:
            InvalidValueError: that is too soon or too late.
            IllegalTransitionError: the incident is resolved, or lacks the acknowledgements of others.
        """
        self._require_open("snoozed")
        wanted = (until - at).total_seconds()
        if not SNOOZE_SECONDS_MIN <= wanted <= SNOOZE_SECONDS_MAX:
            limits = f"{SNOOZE_SECONDS_MIN // 60} minute to {SNOOZE_SECONDS_MAX // 86_400} days"
            raise InvalidValueError("until", f"is {wanted:g} seconds from now, allowed are {limits}")
        if self.status is IncidentStatus.TRIGGERED and not self._is_enough_with(by):
            raise IllegalTransitionError("incident", self.status, "snoozed before others have acknowledged it too")
        if self.snoozed_until == until and self.acknowledged_by == by:
            return Change(self)
        return self._changed(IncidentSnoozed(incident_id=self.id, by=by, via=via, at=at, until=until))

    def escalate(self, *, run_id: RunId, round_: int, step: int, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Have the step's turn come now, under a new run. Whoever had the incident has it no more.

        Raises:
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open("escalated")
        return self._changed(
            IncidentEscalated(incident_id=self.id, by=by, via=via, at=at, run_id=run_id, round=round_, step=step)
        )

    def reassign(
        self,
        *,
        run_id: RunId,
        users: Sequence[UserId] = (),
        policy_id: PolicyId | None = None,
        by: UserId,
        via: Via,
        at: datetime,
    ) -> Change[Self]:
        """Give it to people, or to another policy: nobody has it until one of them acknowledges.

        Raises:
            InvalidValueError: neither or both are named, or too many people.
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open("reassigned")
        if bool(users) == (policy_id is not None):
            raise InvalidValueError("users", "name either users or a policy_id to reassign to")
        _require_few("users", users)
        event = IncidentReassigned(
            incident_id=self.id,
            by=by,
            via=via,
            at=at,
            run_id=run_id,
            users=tuple(dict.fromkeys(users)),
            policy_id=policy_id,
        )
        return self._changed(event)

    def ask_responders(
        self, users: Sequence[UserId], *, run_id: RunId, by: UserId, via: Via, at: datetime
    ) -> Change[Self]:
        """Ask people to help. Who was asked already, and has not declined, is not asked again.

        Raises:
            InvalidValueError: nobody is named, or the incident would have too many.
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open("given responders")
        if not users:
            raise InvalidValueError("users", f"has 0 entries, allowed are 1 to {INCIDENT_RESPONDERS}")
        known = {each.user_id for each in self.responders}
        _require_few("users", [*known, *(user_id for user_id in users if user_id not in known)])
        settled = {each.user_id for each in self.responders if each.answer is not ResponderAnswer.DECLINED}
        asked = tuple(user_id for user_id in dict.fromkeys(users) if user_id not in settled)
        if not asked:
            return Change(self)
        event = IncidentRespondersAsked(incident_id=self.id, by=by, via=via, at=at, run_id=run_id, users=asked)
        return self._changed(event)

    def accept(self, *, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Say yes to having been asked. Repeating it has no effect.

        Raises:
            IllegalTransitionError: they were not asked, or the incident is resolved.
        """
        if self._answer_of(by) is ResponderAnswer.ACCEPTED:
            return Change(self)
        return self._changed(IncidentResponderAccepted(incident_id=self.id, by=by, via=via, at=at))

    def decline(self, *, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Say no to having been asked, or no longer. Repeating it has no effect.

        Raises:
            IllegalTransitionError: they were not asked, or the incident is resolved.
        """
        if self._answer_of(by) is ResponderAnswer.DECLINED:
            return Change(self)
        return self._changed(IncidentResponderDeclined(incident_id=self.id, by=by, via=via, at=at))

    def resolve(self, *, by: UserId | None, via: Via, at: datetime) -> Change[Self]:
        """End the incident. Resolving it again has no effect."""
        if not self.is_open:
            return Change(self)
        return self._changed(IncidentResolved(incident_id=self.id, by=by, via=via, at=at))

    def reopen(
        self,
        *,
        by: UserId | None,
        via: Via,
        at: datetime,
        alert_id: AlertId | None = None,
        muted: Mute | None = None,
    ) -> Change[Self]:
        """Trigger it again, since it was not over. On an open one it has no effect.

        Whether another one is open for its group is for storage to say. Title, severity and urgency are as they were.

        Raises:
            IllegalTransitionError: it was resolved too long ago.
        """
        if self.resolved_at is None:
            return Change(self)
        if at - self.resolved_at > REOPEN_WITHIN:
            too_late = f"reopened, which can be done within {REOPEN_WITHIN.days} days"
            raise IllegalTransitionError("incident", self.status, too_late)
        event = IncidentReopened(incident_id=self.id, by=by, via=via, at=at, alert_id=alert_id, muted=muted)
        return self._changed(event)

    def change_severity(
        self, severity: Severity, *, urgency: Urgency, rises_at: datetime | None, by: UserId, via: Via, at: datetime
    ) -> Change[Self]:
        """Grade it anew, with the urgency that its service's rule gives to that. The same grade has no effect.

        Raises:
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open("graded anew")
        if severity is self.severity:
            return Change(self)
        event = IncidentSeverityChanged(
            incident_id=self.id, by=by, via=via, at=at, severity=severity, urgency=urgency, rises_at=rises_at
        )
        return self._changed(event)

    def raise_urgency(self, *, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Have it wake people. Without effect when it does already.

        Raises:
            IllegalTransitionError: the incident is resolved.
        """
        self._require_open("more urgent")
        if self.urgency is Urgency.HIGH:
            return Change(self)
        return self._changed(IncidentUrgencyRaised(incident_id=self.id, by=by, via=via, at=at))

    def retitle(self, title: str, *, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Say better what it is, whatever the status. The same title has no effect.

        Raises:
            InvalidValueError: the title is empty or too long.
        """
        require_length("title", title, most=SUMMARY_CHARACTERS)
        if title.strip() == self.title:
            return Change(self)
        return self._changed(IncidentRetitled(incident_id=self.id, by=by, via=via, at=at, title=title.strip()))

    def annotate(self, note: str, *, by: UserId | None, via: Via, at: datetime) -> Change[Self]:
        """Add a note to the timeline, whatever the status.

        Raises:
            InvalidValueError: the note is empty or too long.
        """
        require_length("note", note, most=NOTE_CHARACTERS)
        return self._changed(IncidentAnnotated(incident_id=self.id, by=by, via=via, at=at, note=note.strip()))

    @staticmethod
    def fold(events: Iterable[IncidentEvent]) -> "Incident":
        """The incident that its events tell of, oldest first. Promise P8: it equals the stored one, save for `version`.

        Raises:
            ValueError: the events do not begin with the triggering.
        """
        state: Incident | None = None
        for after in Incident.states(events):
            state = after
        if state is None:
            raise ValueError("an incident's events begin with incident.triggered")
        return state

    @staticmethod
    def states(events: Iterable[IncidentEvent]) -> Iterator["Incident"]:
        """The incident after each of its events, oldest first.

        Raises:
            ValueError: the events do not begin with the triggering.
        """
        state: Incident | None = None
        for event in events:
            state = _opened(event) if isinstance(event, IncidentTriggered) else _after(state, event)
            yield state

    def _changed(self, event: IncidentEvent) -> Change[Self]:
        return Change(_after(self, event), (event,))

    def _require_open(self, wanted: str) -> None:
        if not self.is_open:
            raise IllegalTransitionError("incident", self.status, wanted)

    def _counts(self, by: UserId | None) -> bool:
        """Whether an acknowledgement changes anything while it is triggered."""
        return self.acknowledgements_required == 1 or (by is not None and by not in self.answered_by)

    def _is_enough_with(self, by: UserId | None) -> bool:
        """Whether it has an owner with this acknowledgement."""
        if self.status is IncidentStatus.ACKNOWLEDGED or self.acknowledgements_required == 1:
            return True
        return len({*self.answered_by, by} - {None}) >= self.acknowledgements_required

    def _answer_of(self, user_id: UserId) -> ResponderAnswer:
        self._require_open("answered")
        for each in self.responders:
            if each.user_id == user_id:
                return each.answer
        raise IllegalTransitionError("responder", "not asked", "accepted or declined")


def pages_anew(before: Incident, after: Incident) -> bool:
    """Whether a change calls for a new escalation run.

    Nobody has it any more, it has become urgent meanwhile, or nothing holds its pages back any more.
    """
    if after.status is not IncidentStatus.TRIGGERED or after.muted is not None:
        return False
    has_risen = before.urgency is Urgency.LOW and after.urgency is Urgency.HIGH
    return before.status is not IncidentStatus.TRIGGERED or before.muted is not None or has_risen


def _opened(event: IncidentTriggered) -> Incident:
    return Incident(
        id=event.incident_id,
        number=event.number,
        service_id=event.service_id,
        team_id=event.team_id,
        group_key=event.group_key,
        title=event.title,
        severity=event.severity,
        urgency=event.urgency,
        status=IncidentStatus.TRIGGERED,
        triggered_at=event.at,
        acknowledgements_required=event.acknowledgements_required,
        rises_at=event.rises_at,
        muted=event.muted,
        group_window=event.group_window,
    )


def _after[I: Incident](state: I | None, event: IncidentEvent) -> I:  # one line a fact
    if state is None:
        raise ValueError("an incident's events begin with incident.triggered")
    match event:
        case IncidentAcknowledged():
            return _acknowledged(state, event)
        case IncidentTakenOver():
            return _owned(state, event.by, event.at, expires_at=event.expires_at)
        case IncidentSnoozed():
            return replace(_owned(state, event.by, event.at), snoozed_until=event.until)
        case IncidentUnacknowledged() | IncidentAcknowledgementExpired() | IncidentSnoozeEnded() | IncidentWorsened():
            return _triggered_again(state, event.at)
        case IncidentReopened():
            return replace(_triggered_again(state, event.at), muted=event.muted)
        case IncidentEscalated():
            return _escalated(state, event.at)
        case IncidentMuted():
            return replace(state, muted=event.mute)
        case IncidentUnmuted():
            return _heard(state, event.at)
        case IncidentReassigned():
            return replace(_triggered_again(state, event.at), policy_id=event.policy_id or state.policy_id)
        case IncidentRespondersAsked() | IncidentResponderAccepted() | IncidentResponderDeclined():
            return replace(state, responders=_responders_after(state.responders, event))
        case IncidentResolved():
            return replace(
                state,
                status=IncidentStatus.RESOLVED,
                acknowledgement_expires_at=None,
                snoozed_until=None,
                resolved_at=event.at,
                resolved_by=event.by,
            )
        case IncidentSeverityChanged():
            return replace(state, severity=event.severity, urgency=event.urgency, rises_at=event.rises_at)
        case IncidentUrgencyRaised():
            return replace(state, urgency=Urgency.HIGH, rises_at=None, muted=None)
        case IncidentRetitled():
            return replace(state, title=event.title)
        case IncidentFollowed():
            return replace(state, followed_by=event.by_incident_id)
        case _:
            return state


def _acknowledged[I: Incident](state: I, event: IncidentAcknowledged) -> I:
    given = _given(state, event.by, event.at)
    is_enough = (
        state.status is IncidentStatus.ACKNOWLEDGED
        or state.acknowledgements_required == 1
        or len(given) >= state.acknowledgements_required
    )
    if not is_enough:
        return replace(state, acknowledgements=given)
    return _owned(state, event.by, event.at, expires_at=event.expires_at)


def _owned[I: Incident](state: I, by: UserId | None, at: datetime, *, expires_at: datetime | None = None) -> I:
    return replace(
        state,
        status=IncidentStatus.ACKNOWLEDGED,
        acknowledgements=_given(state, by, at),
        acknowledged_at=at,
        acknowledged_by=by,
        acknowledgement_expires_at=expires_at,
        snoozed_until=None,
        muted=None,
    )


def _given(state: Incident, by: UserId | None, at: datetime) -> tuple[Acknowledgement, ...]:
    """With the word of this person, unless they gave it before; a sender gives none."""
    if by is None or by in state.answered_by:
        return state.acknowledgements
    return (*state.acknowledgements, Acknowledgement(by, at))


def _triggered_again[I: Incident](state: I, at: datetime) -> I:
    """Nobody has it. When it was triggered first stays."""
    return replace(
        state,
        status=IncidentStatus.TRIGGERED,
        acknowledgements=(),
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledgement_expires_at=None,
        snoozed_until=None,
        rises_at=_not_before(at, state.rises_at),
        muted=None,
        resolved_at=None,
        resolved_by=None,
    )


def _escalated[I: Incident](state: I, at: datetime) -> I:
    """Whoever had it has it no more; while nobody has it yet, who has acknowledged still counts."""
    if state.status is IncidentStatus.TRIGGERED:
        return replace(state, rises_at=_not_before(at, state.rises_at), muted=None)
    return _triggered_again(state, at)


def _not_before(at: datetime, rises_at: datetime | None) -> datetime | None:
    """A deadline that did not count until then: if it has passed meanwhile it is due then, and late from then on."""
    return None if rises_at is None else max(at, rises_at)


def _heard[I: Incident](state: I, at: datetime) -> I:
    """Nothing mutes it any more. Support hours that began meanwhile have raised it."""
    if state.rises_at is None or at < state.rises_at:
        return replace(state, muted=None)
    return replace(state, muted=None, urgency=Urgency.HIGH, rises_at=None)


def _responders_after(
    before: tuple[Responder, ...],
    event: IncidentRespondersAsked | IncidentResponderAccepted | IncidentResponderDeclined,
) -> tuple[Responder, ...]:
    match event:
        case IncidentResponderAccepted():
            return answering(before, event.by, ResponderAnswer.ACCEPTED)
        case IncidentResponderDeclined():
            return answering(before, event.by, ResponderAnswer.DECLINED)
        case IncidentRespondersAsked():
            for user_id in event.users:
                before = answering(before, user_id, ResponderAnswer.ASKED)
            return before


def _require_few(field: str, users: Sequence[UserId]) -> None:
    if len(set(users)) > INCIDENT_RESPONDERS:
        raise InvalidValueError(field, f"are {len(set(users))} people, allowed are at most {INCIDENT_RESPONDERS}")
