"""In which order, and after what delay, a user is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from domain.notification.contact import Channel, Contact
from domain.notification.notice import NoticeKind
from domain.notification.quiet_hours import QuietHours
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId
from domain.shared.limits import STEP_DELAY_SECONDS_MAX
from domain.shared.urgency import Urgency

# What must arrive by one way or another: it tells of a way that is broken, or tries each of them.
ON_EVERY_CONTACT: Final = frozenset({NoticeKind.CONTACT_FAILED, NoticeKind.STALLED, NoticeKind.DRILL})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRule:
    """For one urgency: this contact, so long after the user's turn came.

    `position` is its place among the user's rules.
    """

    urgency: Urgency
    position: int
    contact_id: ContactId
    delay: timedelta

    def __post_init__(self) -> None:
        if not 0 <= self.delay.total_seconds() <= STEP_DELAY_SECONDS_MAX:
            raise InvalidValueError(
                "delay", f"is {self.delay.total_seconds():g} seconds, allowed are 0 to {STEP_DELAY_SECONDS_MAX}"
            )


def counted(contacts: Sequence[Contact]) -> Sequence[Contact]:
    """The verified ones. Where none is, all of them: a doubtful way to somebody is better than none."""
    return [contact for contact in contacts if contact.verified_at is not None] or contacts


class PlannedNotification(NamedTuple):
    rule_position: int  # with run, round, step and user it names one page for ever (P4)
    channel: Channel
    address: str
    due_at: datetime


def planned(
    contacts: Sequence[Contact],
    rules: Sequence[NotificationRule],
    *,
    urgency: Urgency,
    at: datetime,
    quiet_hours: QuietHours | None = None,
) -> tuple[PlannedNotification, ...]:
    """What tells one user, oldest due first. Nobody with a contact is ever left out.

    A user without a rule for the urgency is told at once on every contact that counts: silence must be chosen, not
    forgotten. What is of low urgency and would be due in quiet hours is due when they end.
    """
    plans = _planned(counted(contacts), rules, urgency=urgency, at=at)
    if quiet_hours is None or urgency is Urgency.HIGH:
        return plans
    return tuple(plan._replace(due_at=quiet_hours.end_after(plan.due_at) or plan.due_at) for plan in plans)


def applying(
    contacts: Sequence[Contact], rules: Sequence[NotificationRule], *, urgency: Urgency
) -> tuple[NotificationRule, ...]:
    """The rules that say how a user is told: those for contacts that count. Without any they are told everywhere at
    once."""
    known = {contact.id for contact in counted(contacts)}
    return tuple(rule for rule in rules if rule.urgency is urgency and rule.contact_id in known)


def _planned(
    contacts: Sequence[Contact], rules: Sequence[NotificationRule], *, urgency: Urgency, at: datetime
) -> tuple[PlannedNotification, ...]:
    by_id = {contact.id: contact for contact in contacts}
    chosen = applying(contacts, rules, urgency=urgency)
    if not chosen:
        ordered = sorted(contacts, key=lambda contact: (contact.channel, contact.address))
        return tuple(
            PlannedNotification(position, contact.channel, contact.address, at)
            for position, contact in enumerate(ordered)
        )
    plans = [
        PlannedNotification(rule.position, contact.channel, contact.address, at + rule.delay)
        for rule in chosen
        for contact in (by_id[rule.contact_id],)
    ]
    return tuple(sorted(plans, key=lambda plan: (plan.due_at, plan.rule_position)))


def told_on(contacts: Sequence[Contact], rules: Sequence[NotificationRule], *, kind: NoticeKind) -> tuple[Contact, ...]:
    """Where one user gets a notice, of the contacts that count: nobody with a contact is left out.

    A notice that is urgent goes everywhere; any other to the one contact that the user's rules name first when nothing
    is urgent.
    """
    ordered = sorted(counted(contacts), key=lambda contact: (contact.channel, contact.address))
    if kind in ON_EVERY_CONTACT:
        return tuple(ordered)
    places = {contact.id: place for place, contact in enumerate(ordered)}
    calm = [rule for rule in rules if rule.urgency is Urgency.LOW and rule.contact_id in places]
    if not calm:
        return tuple(ordered[:1])
    first = min(calm, key=lambda rule: (rule.delay, rule.position))
    return (ordered[places[first.contact_id]],)
