"""What happened, in one sentence for people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters.plain_text import one_line
from domain.alert.events import AlertCleared, AlertExpired, AlertJoined
from domain.escalation.events import (
    EscalationExhausted,
    EscalationFallBackPaged,
    EscalationMoved,
    EscalationStepReached,
    EscalationStepSkipped,
    EscalationStopped,
)
from domain.escalation.policy import WhenExhausted
from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAcknowledgementExpired,
    IncidentAct,
    IncidentAnnotated,
    IncidentEscalated,
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
    IncidentUrgencyRaised,
)
from domain.notification.events import NotificationFailed, NotificationSent
from domain.shared.event import DomainEvent
from domain.shared.ids import UserId
from domain.shared.via import Via

type Names = Mapping[UserId, str]

_OUTCOMES: Final = {
    WhenExhausted.STAY: "",
    WhenExhausted.RESOLVE: ", and the incident is resolved as unanswered",
    WhenExhausted.FALL_BACK: ", and the fall-back of last resort is paged",
}
_DOORS: Final = {
    Via.API: "API",
    Via.CLI: "CLI",
    Via.EMAIL: "e-mail link",
    Via.SLACK: "Slack",
    Via.NTFY: "ntfy",
    Via.WEBHOOK: "webhook link",
    Via.SMS: "SMS",
    Via.VOICE: "call",
}


def told(event: DomainEvent, names: Names) -> str:
    """Without its time. What senders and users wrote is on one line, and not marked up in any way."""
    match event:
        case IncidentAcknowledgementExpired():
            return "The acknowledgement expired: it pages again"
        case IncidentSnoozeEnded():
            return "The snooze ended: it pages again"
        case IncidentAct():
            return f"{_who(event.by, event.via, names)} {_done(event, names)}"
        case AlertJoined():
            return f"Another alert joined: {one_line(event.summary)}"
        case AlertExpired():
            return f"Its sender fell silent, and it may still be so: {one_line(event.summary)}"
        case AlertCleared():
            return f"An alert cleared: {one_line(event.summary)}"
        case EscalationStepReached():
            return _step(event, names)
        case EscalationStepSkipped():
            return f"{_place(event.round, event.step)}: passed over, because {one_line(event.detail)}"
        case EscalationExhausted():
            return f"The escalation policy is exhausted: nobody answered{_OUTCOMES[event.outcome]}"
        case EscalationFallBackPaged():
            return f"The fall-back of last resort: {_told(event.responders, event.unreachable, names)}"
        case EscalationMoved():
            return _move(event, names)
        case EscalationStopped():
            return f"The escalation stopped: {event.cancelled} pages cancelled, {event.under_way} were under way"
        case NotificationSent():
            doubts = [
                *(["may be a repeat"] if event.may_be_repeat else []),
                *(["was under way when somebody answered"] if event.was_overtaken else []),
            ]
            doubt = f" ({', '.join(doubts)})" if doubts else ""
            return f"Page sent to {_name(event.user_id, names)} by {event.channel}, attempt {event.attempt}{doubt}"
        case NotificationFailed():
            person = _name(event.user_id, names)
            return f"Page to {person} by {event.channel} failed: {one_line(event.detail)}"
        case _:
            return event.kind


def _done(event: IncidentAct, names: Names) -> str:  # one line a fact
    match event:
        case IncidentTriggered():
            return f"triggered {event.severity}: {one_line(event.title)}"
        case IncidentAcknowledged():
            return "acknowledged" + _until(event.expires_at)
        case IncidentUnacknowledged():
            return "gave it back: it pages again"
        case IncidentTakenOver():
            previous = "the sender" if event.previous is None else _name(event.previous, names)
            return f"took it over from {previous}" + _until(event.expires_at)
        case IncidentSnoozed():
            return "snoozed it" + _until(event.until)
        case IncidentEscalated():
            return f"escalated it to step {event.step + 1} of round {event.round + 1}"
        case IncidentReassigned():
            return f"reassigned it to {_list(event.users, names) if event.users else 'another policy'}"
        case IncidentRespondersAsked():
            return f"asked for help: {_list(event.users, names)}"
        case IncidentResponderAccepted():
            return "accepted to help"
        case IncidentResponderDeclined():
            return "declined to help"
        case IncidentResolved():
            return "resolved"
        case IncidentReopened():
            return "reopened it: it pages again"
        case IncidentSeverityChanged():
            return f"changed the severity to {event.severity}, {event.urgency} urgency"
        case IncidentUrgencyRaised():
            return "raised the urgency"
        case IncidentRetitled():
            return f"changed the title: {one_line(event.title)}"
        case IncidentAnnotated():
            return f"noted: {one_line(event.note)}"
        case _:
            return f"did {event.kind}"


def _until(at: datetime | None) -> str:
    return "" if at is None else f" until {at:%Y-%m-%d %H:%M} UTC"


def _step(event: EscalationStepReached, names: Names) -> str:
    return f"{_place(event.round, event.step)}: {_told(event.responders, event.unreachable, names)}"


def _move(event: EscalationMoved, names: Names) -> str:
    """As of who asked for it, and what comes next."""
    upcoming = "the last step waits for its answer"
    if event.round is not None and event.step is not None:
        upcoming = f"{_place(event.round, event.step).lower()} is next"
    versions = f"from version {event.from_version} of the policy to version {event.to_version}"
    return f"{_name(event.by, names)} moved the escalation {versions}: {upcoming}"


def _place(round_number: int, step: int) -> str:
    return f"Step {step + 1} of round {round_number + 1}"


def _told(responders: Sequence[UserId], unreachable: Sequence[UserId], names: Names) -> str:
    if not responders:
        return "nobody to page"
    without = f"; without a way to reach them: {_list(unreachable, names)}" if unreachable else ""
    return f"{_list(responders, names)}{without}"


def _who(user_id: UserId | None, via: Via, names: Names) -> str:
    if user_id is None:
        return "The sender" if via is Via.SENDER else "The system"
    return f"{_name(user_id, names)} ({_DOORS[via]})" if via in _DOORS else _name(user_id, names)


def _list(user_ids: Iterable[UserId], names: Names) -> str:
    return ", ".join(_name(user_id, names) for user_id in user_ids)


def _name(user_id: UserId, names: Names) -> str:
    return one_line(names.get(user_id, "somebody"))
