"""Which pages leave as one message, because nobody can answer them one by one.

Two occasions: a storm, in which many pages for one contact are due at once; and the end of an outage, when pages that
are long due meet those of later steps. Either way every page is told of, by one message instead of many (P5).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from domain.shared.ids import IncidentId, NotificationId

# Three messages are still read one by one on a lock screen; from the fourth on the list is quicker to grasp.
BUNDLE_FROM: Final = 4
# In health a page leaves within a second. So late a one was held up by an outage, and its news is old.
LATE: Final = timedelta(minutes=2)
# What one message speaks for at most: a ledger line each, in one transaction.
BUNDLE_MOST: Final = 200


class DuePage(NamedTuple):
    """A page that is due, as far as this rule needs to know it."""

    id: NotificationId
    recipient_id: UUID  # a person, or a destination
    address: str
    incident_id: IncidentId
    due_at: datetime


def bundles(pages: Sequence[DuePage], *, at: datetime) -> tuple[tuple[NotificationId, ...], ...]:
    """The pages of one channel, each in exactly one bundle; the earliest due first, within a bundle as well.

    All pages of one contact are one bundle from `BUNDLE_FROM` on; otherwise those that are late are one, and each of
    the others leaves alone.
    """
    by_contact: defaultdict[tuple[UUID, str], list[DuePage]] = defaultdict(list)
    for page in sorted(pages, key=_order):
        by_contact[page.recipient_id, page.address].append(page)
    made: list[list[DuePage]] = []
    for of_contact in by_contact.values():
        made += [of_contact] if len(of_contact) >= BUNDLE_FROM else _late_together(of_contact, at)
    return tuple(tuple(page.id for page in bundle) for bundle in sorted(made, key=lambda bundle: _order(bundle[0])))


def _late_together(pages: Sequence[DuePage], at: datetime) -> list[list[DuePage]]:
    late = [page for page in pages if at - page.due_at > LATE]
    alone = [[page] for page in pages if at - page.due_at <= LATE]
    return [late, *alone] if late else alone


def _order(page: DuePage) -> tuple[datetime, NotificationId]:
    return page.due_at, page.id
