"""What happens when a contact takes no messages: the page goes on to the person's next contact, and its owner hears.

A destination has nothing to fall back to; those whose it is hear of it.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from domain.notification.contact import Channel, Contact
from domain.notification.destination import Destination, DestinationKind
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import Notification, NotificationStatus
from domain.notification.rule import NotificationRule, PlannedNotification, counted
from domain.shared.urgency import Urgency

# Above every rule's position, so that a page and what stands in for it are told apart (P4). Each fall-back is as far
# above what it stands in for; with ten contacts there are ten in a row at most, within two bytes.
FALL_BACK_POSITION: Final = 100
ANSWER_CHARACTERS: Final = 200  # what a provider says; the ledger has the whole
_NAME_CHARACTERS: Final = 120  # one line of a lock screen has room for no more beside what is said of it
_WHAT: Final = {
    DestinationKind.SLACK_CHANNEL: "Slack channel",
    DestinationKind.NTFY_TOPIC: "ntfy topic",
    DestinationKind.WEBHOOK: "webhook",
}


def fall_back(
    refused: Notification,
    contacts: Sequence[Contact],
    rules: Sequence[NotificationRule],
    *,
    step: Collection[Notification],
    urgency: Urgency,
    at: datetime,
) -> PlannedNotification | None:
    """Whom the page tells instead, at once: the person's next contact that counts and that this step has not tried.

    Next is by the rules for the urgency, the contacts that no rule names last. `step` holds the pages of the same step
    for the same person. A contact whose own rule is still to come counts as not tried: that rule was made for somebody
    who had been told before. None: every contact that counts was tried.
    """
    tried = {(page.channel, page.address) for page in step if _is_tried(page, at)}
    contacts = counted(contacts)
    by_id = {contact.id: contact for contact in contacts}
    chosen = sorted((rule for rule in rules if rule.urgency is urgency), key=lambda rule: (rule.delay, rule.position))
    named = [by_id[rule.contact_id] for rule in chosen if rule.contact_id in by_id]
    others = sorted(contacts, key=lambda contact: (contact.channel, contact.address))
    untried = (each for each in (*named, *others) if (each.channel, each.address) not in tried)
    following = next(untried, None)
    if following is None:
        return None
    position = refused.rule_position + FALL_BACK_POSITION
    return PlannedNotification(position, following.channel, following.address, at)


def _is_tried(page: Notification, at: datetime) -> bool:
    """It has left, is under way, or is due: all but one that its own rule makes wait."""
    is_untouched = page.status is NotificationStatus.PENDING and page.attempts == 0
    return not (is_untouched and page.next_deadline is not None and page.next_deadline > at)


def contact_failed(contact: Contact, *, detail: str, at: datetime) -> Notice:
    """What the owner is told elsewhere, once a day (of UTC) while it lasts."""
    what = "e-mail address" if contact.channel is Channel.EMAIL else f"{contact.channel} contact"
    return Notice(
        kind=NoticeKind.CONTACT_FAILED,
        key=f"contact-failed:{contact.id}:{at.astimezone(UTC):%Y-%m-%d}",
        title=f"Your {what} takes no messages",
        text=(
            f"{contact.address}\nAnswer: {reason_given(detail)}\n"
            "Pages for it go to your other contacts. Correct it, or take it out of your contacts."
        ),
    )


def destination_failed(destination: Destination, *, detail: str, at: datetime) -> Notice:
    """What its team is told, once a day (of UTC) while it lasts."""
    return Notice(
        kind=NoticeKind.DESTINATION_FAILED,
        key=f"destination-failed:{destination.id}:{at.astimezone(UTC):%Y-%m-%d}",
        title=f"{destination.name[:_NAME_CHARACTERS]} takes no messages",
        text=(
            f"Policies tell this {_WHAT[destination.kind]} of your team beside people: {destination.shown_address}\n"
            f"Answer: {reason_given(detail)}\n"
            "People are paged as before, and it is tried with each page. Correct it, or take it out of the policies:\n"
            f"tocsin destination edit {destination.id} --address …"
        ),
    )


def reason_given(detail: str) -> str:
    """What a provider answered to what it refused, for people."""
    return detail[:ANSWER_CHARACTERS] or "no reason was given"
