"""What happened, in one sentence for people."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from adapters.plain_text import one_line
from domain.alert.events import AlertCleared, AlertExpired, AlertFlapped, AlertJoined
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
    IncidentCauseSuspected,
    IncidentEscalated,
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
from domain.notification.events import NotificationEvent, NotificationFailed, NotificationSent
from domain.shared.event import DomainEvent
from domain.shared.ids import DestinationId, UserId
from domain.shared.via import Via

type Names = Mapping[UserId, str]
type DestinationNames = Mapping[DestinationId, str]

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


def told(event: DomainEvent, names: Names, destinations: DestinationNames) -> str:
    """Without its time. What senders and users wrote is on one line, and not marked up in any way."""
    match event:
        case IncidentAcknowledgementExpired():
            return "The acknowledgement expired: it pages again"
        case IncidentSnoozeEnded():
            return "The snooze ended: it pages again"
        case IncidentMuted() if event.mute.until is not None and event.mute.until <= event.at:
            return f"What muted it ends: {one_line(event.mute.reason)}"
        case IncidentMuted():
            return f"It stays muted{_until(event.mute.until)}: {one_line(event.mute.reason)}"
        case IncidentFollowed():
            over = f"its window of {event.group_window.sentence} is over"
            return f"INC-{event.by_number} takes the alerts of its group from now on, since {over}"
        case IncidentCauseSuspected():
            return f"It may be caused by INC-{event.upstream_number} of {one_line(event.upstream_service_name)}"
        case IncidentUnmuted():
            return "Nothing mutes it any more: it pages"
        case IncidentWorsened():
            return "That alert is of a kind that it had not had: it pages again"
        case IncidentAct():
            return f"{_who(event.by, event.via, names)} {_done(event, names)}"
        case AlertJoined(others=()):
            return f"Another alert joined: {one_line(event.summary)}"
        case AlertJoined():
            return f"{1 + len(event.others)} more alerts joined, the first of them: {one_line(event.summary)}"
        case AlertFlapped():
            quiet = timedelta(seconds=event.quiet_seconds)
            often = f"it began {event.turns} times within {quiet}, and is over when it has been quiet for as long"
            return f"An alert is flapping, {often}: {one_line(event.summary)}"
        case AlertExpired():
            return f"Its sender fell silent, and it may still be so: {one_line(event.summary)}"
        case AlertCleared():
            return f"An alert cleared: {one_line(event.summary)}"
        case EscalationStepReached():
            return f"{_place(event.round, event.step)}: {_told(event, names, destinations)}"
        case EscalationStepSkipped():
            return f"{_place(event.round, event.step)}: passed over, because {one_line(event.detail)}"
        case EscalationExhausted():
            return f"The escalation policy is exhausted: nobody answered{_OUTCOMES[event.outcome]}"
        case EscalationFallBackPaged():
            return f"The fall-back of last resort: {_told(event, names, destinations)}"
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
            whom = _recipient(event, names, destinations)
            return f"Page sent to {whom} by {event.channel}, attempt {event.attempt}{doubt}"
        case NotificationFailed():
            whom = _recipient(event, names, destinations)
            return f"Page to {whom} by {event.channel} failed: {one_line(event.detail)}"
        case _:
            return event.kind


def _done(event: IncidentAct, names: Names) -> str:  # one line a fact
    match event:
        case IncidentTriggered():
            muted = "" if event.muted is None else f", {_muted(event.muted)}"
            more = "" if event.follows_number is None else f"; INC-{event.follows_number} of its group is still open"
            return f"triggered {event.severity}: {one_line(event.title)}{muted}{more}"
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
            return _reopened(event)
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


def _reopened(event: IncidentReopened) -> str:
    pages = "it pages again" if event.muted is None else _muted(event.muted)
    if event.alert_id is None:
        return f"reopened it: {pages}"
    return f"reopened it, since an alert of its group fired again soon: {pages}"


def _muted(mute: Mute) -> str:
    return f"muted{_until(mute.until)}: {one_line(mute.reason)}"


def _until(at: datetime | None) -> str:
    return "" if at is None else f" until {at:%Y-%m-%d %H:%M} UTC"


def _move(event: EscalationMoved, names: Names) -> str:
    """As of who asked for it, and what comes next."""
    upcoming = "the last step waits for its answer"
    if event.round is not None and event.step is not None:
        upcoming = f"{_place(event.round, event.step).lower()} is next"
    versions = f"from version {event.from_version} of the policy to version {event.to_version}"
    return f"{_name(event.by, names)} moved the escalation {versions}: {upcoming}"


def _place(round_number: int, step: int) -> str:
    return f"Step {step + 1} of round {round_number + 1}"


def _told(event: EscalationStepReached | EscalationFallBackPaged, names: Names, destinations: DestinationNames) -> str:
    told = [_name(user_id, names) for user_id in event.responders]
    told += [_destination(destination_id, destinations) for destination_id in event.destinations]
    if not told:
        return "nobody to page"
    without = f"; without a way to reach them: {_list(event.unreachable, names)}" if event.unreachable else ""
    already = f"; not paged again, having acknowledged: {_list(event.answered, names)}" if event.answered else ""
    return f"{', '.join(told)}{without}{already}"


def _recipient(event: NotificationEvent, names: Names, destinations: DestinationNames) -> str:
    if event.user_id is not None:
        return _name(event.user_id, names)
    return "a destination" if event.destination_id is None else _destination(event.destination_id, destinations)


def _destination(destination_id: DestinationId, destinations: DestinationNames) -> str:
    """One that was deleted has no name any more."""
    return one_line(destinations.get(destination_id, "a destination that was deleted"))


def _who(user_id: UserId | None, via: Via, names: Names) -> str:
    if user_id is None:
        return "The sender" if via is Via.SENDER else "The system"
    return f"{_name(user_id, names)} ({_DOORS[via]})" if via in _DOORS else _name(user_id, names)


def _list(user_ids: Iterable[UserId], names: Names) -> str:
    return ", ".join(_name(user_id, names) for user_id in user_ids)


def _name(user_id: UserId, names: Names) -> str:
    return one_line(names.get(user_id, "somebody"))
