"""In which order, and after what delay, a user is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.notification.contact import Channel, Contact
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId
from domain.shared.limits import STEP_DELAY_SECONDS_MAX
from domain.shared.urgency import Urgency


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
    contacts: Sequence[Contact], rules: Sequence[NotificationRule], *, urgency: Urgency, at: datetime
) -> tuple[PlannedNotification, ...]:
    """What tells one user, oldest due first. Nobody with a contact is ever left out.

    A user without a rule for the urgency is told at once on every contact that counts: silence must be chosen, not
    forgotten.
    """
    contacts = counted(contacts)
    by_id = {contact.id: contact for contact in contacts}
    chosen = [rule for rule in rules if rule.urgency is urgency and rule.contact_id in by_id]
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
