"""Why somebody was paged, or why not, in sentences for people, in the order in which it came about."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from adapters.inbound.http.timeline_text import told
from adapters.plain_text import one_line
from application.incident.explain import ExplanationAnswer, Names
from application.incident.explanation import (
    Cause,
    CauseKind,
    ExplainedPage,
    Reason,
    RuleKind,
    UrgencyReason,
    WhyNot,
)
from application.ports.notifications import Attempt
from application.ports.notifier import Outcome
from domain.escalation.policy import Target, TargetKind
from domain.incident.events import IncidentTriggered
from domain.notification.notification import BUNDLED_WITH
from domain.oncall.coverage import Source
from domain.oncall.history import Timeline
from domain.oncall.override import OverrideKind
from domain.service.service import Service
from domain.shared.ids import DestinationId, ScheduleId, UserId


class Link(NamedTuple):
    """One link of the chain. `at` is when it came about, and not when it was planned."""

    kind: str
    at: datetime
    text: str


_OUTCOMES: Final = {
    Outcome.DELIVERED: "handed over",
    Outcome.RETRY: "not taken, and tried again",
    Outcome.UNKNOWN: "sent, and no answer came: it may have arrived",
    Outcome.WITHHELD: "not sent",
    Outcome.HELD: "held back",
    Outcome.REJECTED: "refused for good",
    Outcome.ARRIVED: "arrived, as its provider says",
    Outcome.UNDELIVERED: "reached nobody, as its provider says",
}


def beginning(answer: ExplanationAnswer) -> Iterator[Link]:
    """Why there is an incident, and how urgent it was at first."""
    facts, explanation, names = answer.facts, answer.explanation, answer.names
    event = explanation.triggered
    alert = facts.alert
    text = told(event, names.users, names.destinations)
    if alert is not None:
        text = f"The alert {one_line(alert.summary)!r} from {one_line(alert.source) or 'its sender'} began it: {text}"
    yield Link("triggered", event.at, f"{text} ({one_line(facts.service.name)})")
    yield Link("urgency", event.at, _urgency(event, explanation.urgency_reason, facts.service))


def because(page: ExplainedPage, answer: ExplanationAnswer) -> Iterator[Link]:
    """From what the page was made for up to what became of it."""
    cause, names = page.cause, answer.names
    if cause is not None:
        yield from _caused(cause, answer)
    yield Link("rule", page.record.notification.created_at, _rule(page))
    if page.quiet_until is not None:
        text = f"It is of low urgency, so it waits until their quiet hours end at {_clock(page.quiet_until)}"
        yield Link("quiet_hours", page.record.notification.created_at, text)
    for attempt in page.record.attempts:
        yield Link("attempt", attempt.finished_at, _attempt(attempt))
    if page.record.notification.receipt:
        yield _receipt(page)
    if page.withheld is not None:
        yield Link("not_sent", page.withheld.at, why_not(page.withheld, answer))
    if page.acknowledgement is not None:
        yield Link("acknowledged", page.acknowledgement.at, told(page.acknowledgement, names.users, names.destinations))


def why_not(why: WhyNot, answer: ExplanationAnswer) -> str:
    """The first reason, in one sentence."""
    names = answer.names
    step = "" if why.position is None else f"step {why.position.step + 1} of round {why.position.round + 1}"
    naming = "" if why.target is None else f", which names {_target(why.target, names)},"
    due = "" if why.due_at is None else f"; it would have been due at {_clock(why.due_at)}"
    instead = _list(why.instead, names) or "nobody"
    who = "The sender" if why.by is None else _name(why.by, names)
    match why.reason:
        case Reason.RULE_DELAY:
            return f"Their rule waits: the page is due at {_clock(why.due_at)}"
        case Reason.QUIET_HOURS:
            return f"It waits until their quiet hours are over, at {_clock(why.due_at)}"
        case Reason.THROTTLED:
            return f"The contact had too many messages: held back {one_line(why.detail)}"
        case Reason.UNDELIVERED:
            more = "it is not tried again" if why.due_at is None else f"the next try is at {_clock(why.due_at)}"
            return f"It could not be delivered ({one_line(why.detail) or 'no reason was given'}): {more}"
        case Reason.CANCELLED:
            return f"It was cancelled before it left: {_fact(why, answer)}"
        case Reason.UNREACHABLE:
            return f"They were meant{f' by {step}' if step else ''}, and had no contact that a page could go to"
        case Reason.CONDITION:
            return f"The {step}{naming} was passed over, because {one_line(why.detail)}"
        case Reason.OFF_CALL:
            return f"They were off call when the {step}{naming} was reached; told instead: {instead}"
        case Reason.NOT_THEIR_TURN:
            return f"The {step}{naming} tells one after the other, and it was not their turn; told instead: {instead}"
        case Reason.NOT_NAMED_THEN:
            return f"The {step}{naming} did not name them yet when it was reached; told instead: {instead}"
        case Reason.NOT_YET_REACHED:
            return f"The {step}{naming} is not reached yet; without an answer it is at {_clock(why.due_at)}"
        case Reason.ANSWERED:
            reached = f"the {step}{naming} was reached" if step else "the last resort was told"
            return f"{who} acknowledged before {reached}{due}"
        case Reason.SNOOZED:
            return f"{who} snoozed it until {_clock(why.until)}, before the {step}{naming} was reached{due}"
        case Reason.RESOLVED:
            return f"It was resolved before the {step}{naming} was reached{due}"
        case Reason.PASSED_BY:
            return f"The escalation did not come to the {step}{naming}: {_fact(why, answer)}{due}"
        case Reason.MUTED:
            until = "as long as it is open" if why.until is None else f"until {_clock(why.until)}"
            return f"Nobody is paged {until}: {one_line(why.detail)}"
        case Reason.NOT_A_TARGET:
            return f"Nothing names them; told were: {instead}"


def _urgency(event: IncidentTriggered, reason: UrgencyReason, service: Service) -> str:
    urgent = f"It is of {event.urgency} urgency"
    match reason:
        case UrgencyReason.SEVERITY:
            return f"{urgent}, since its severity is {event.severity}"
        case UrgencyReason.TIER:
            return f"{urgent}, since its severity is {event.severity} and its service of tier {service.tier}"
        case UrgencyReason.ALWAYS:
            return f"{urgent}, as all incidents of its service are"
        case UrgencyReason.SUPPORT_HOURS if event.rises_at is not None:
            return f"{urgent}, outside of its service's support hours, which begin at {_clock(event.rises_at)}"
        case UrgencyReason.SUPPORT_HOURS:
            return f"{urgent}, since it began in its service's support hours"
        case UrgencyReason.RULE_OF_THEN | UrgencyReason.CHANGED:
            return f"{urgent}, by the rule that its service had then"


def _caused(cause: Cause, answer: ExplanationAnswer) -> Iterator[Link]:
    if not isinstance(cause.urgency_event, IncidentTriggered):
        yield Link(
            "urgency", cause.urgency_event.at, told(cause.urgency_event, answer.names.users, answer.names.destinations)
        )
    if cause.run is not None and cause.policy is not None:
        policy = f"{one_line(cause.policy.name)}, version {cause.run.policy_version}"
        yield Link("run", cause.run.started_at, f"An escalation began by the policy {policy}")
    yield Link(cause.kind, cause.event.at, told(cause.event, answer.names.users, answer.names.destinations))
    if cause.kind is CauseKind.STEP and cause.target is not None:
        yield Link("target", cause.event.at, _meaning(cause, cause.target, answer))


def _meaning(cause: Cause, target: Target, answer: ExplanationAnswer) -> str:
    names, user_id = answer.names, answer.user_id
    if target.kind is not TargetKind.SCHEDULE:
        return f"The step names {_target(target, names)}"
    if cause.source is None:
        return f"The step names {_target(target, names)}, and they were on call; it was being changed at that instant"
    timeline = answer.facts.schedules[ScheduleId(target.id), cause.event.at]
    return (
        f"The step names {_target(target, names)}, which had {_name(user_id, names)} on call then"
        f" by {_source(cause.source, timeline, cause.event.at, names)}{_agreed(cause)}"
    )


def _source(source: Source, timeline: Timeline, at: datetime, names: Names) -> str:
    if source.layer is not None:
        return f"layer {source.layer + 1}"
    if source.temporary_id is not None:
        return "a temporary schedule"
    schedule = timeline.in_force(at)
    overrides = () if schedule is None else schedule.overrides
    override = next((each for each in overrides if each.id == source.override_id), None)
    if override is None or override.kind is OverrideKind.ADD:
        return "an override that adds them"
    if override.replaces is None:
        return "an override, in place of everyone"
    return f"an override, in place of {_name(override.replaces, names)}"


def _agreed(cause: Cause) -> str:
    if cause.cover is None:
        return ""
    return ", as agreed by a swap" if cause.cover.offers is not None else ", as agreed by a request for cover"


def _rule(page: ExplainedPage) -> str:
    notification, rule = page.record.notification, page.rule
    to = f"{notification.channel} to {one_line(notification.address)}"
    match rule.kind:
        case RuleKind.RULE:
            return f"Their rule {rule.number + 1} says {to}, {_after(rule.delay)}"
        case RuleKind.EVERYWHERE:
            return f"They have no rule for the urgency, so they are told everywhere at once: {to}"
        case RuleKind.STAND_IN:
            return f"The contact of their rule {rule.number + 1} refused, so the next one stands in: {to}"
        case RuleKind.RULE_OF_THEN:
            return f"Their rule {rule.number + 1}, as it was then, said {to}"


def _attempt(attempt: Attempt) -> str:
    detail = f": {one_line(attempt.detail)}" if attempt.detail else ""
    return f"Attempt {attempt.number} was {_OUTCOMES[attempt.outcome]}{detail}"


def _receipt(page: ExplainedPage) -> Link:
    receipt = page.record.notification.receipt
    at = page.record.attempts[-1].finished_at if page.record.attempts else page.record.notification.created_at
    if BUNDLED_WITH in receipt:
        return Link("receipt", at, "It left in one message with others, whose receipt is that of the last of them")
    named = ", ".join(f"{one_line(name)} {one_line(value)}" for name, value in sorted(receipt.items()))
    return Link("receipt", at, f"The provider took it: {named}")


def _fact(why: WhyNot, answer: ExplanationAnswer) -> str:
    """As the timeline tells it."""
    event = next((each for each in answer.facts.events if each.at == why.at and each.kind == why.detail), None)
    return "it began with a later step" if event is None else told(event, answer.names.users, answer.names.destinations)


def _target(target: Target, names: Names) -> str:
    match target.kind:
        case TargetKind.USER:
            return _name(UserId(target.id), names)
        case TargetKind.TEAM:
            return "their team"
        case TargetKind.SCHEDULE:
            return f"the schedule {one_line(names.schedules.get(ScheduleId(target.id), 'that is gone'))}"
        case TargetKind.CHANNEL | TargetKind.WEBHOOK:
            return one_line(names.destinations.get(DestinationId(target.id), "a destination that is gone"))


def _name(user_id: UserId, names: Names) -> str:
    return one_line(names.users.get(user_id, "somebody"))


def _list(user_ids: Sequence[UserId], names: Names) -> str:
    return ", ".join(_name(user_id, names) for user_id in user_ids)


def _after(delay: timedelta | None) -> str:
    return "at once" if not delay else f"{delay.total_seconds() / 60:g} minutes after their turn came"


def _clock(at: datetime | None) -> str:
    return "a time that is not known" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
