from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.notifications import Attempt, DueNotification, NotificationRepository, Settlement, Subject
from application.ports.notifier import Outcome
from application.ports.transaction import Transaction
from domain.notification.bundle import DuePage, bundles
from domain.notification.contact import Channel
from domain.notification.notification import Notification, Purpose
from domain.notification.throttle import WINDOW, Throttle, ThrottleLimit, admitted
from domain.shared.ids import IncidentId

# Longer than any notifier's own time-out, or a slow send would be sent twice.
LEASE: Final = timedelta(seconds=20)

_LOST: Final = "the courier was lost before it could tell"

# Leased notifications that leave as one message: usually one; several only of pages, for one user and address.
type Bundle = tuple[DueNotification, ...]
# So many messages couriers may take at once, by channel; and what they were given.
type Room = Mapping[Channel, int]
type Leased = Mapping[Channel, tuple[Bundle, ...]]


@dataclass(frozen=True, slots=True)
class LeaseNotifications:
    """A courier takes what is due on its channel, at most as many messages as it can send at once.

    The lease is committed before anything is sent, so that a crash in between leaves a doubt, which the next message
    states, and never a silence.
    """

    notifications: NotificationRepository
    throttle_limit: ThrottleLimit
    transaction: Transaction
    clock: Clock

    async def __call__(self, channel: Channel, *, limit: int) -> tuple[Bundle, ...]:
        async with self.transaction:
            at = self.clock.now()
            due = await self.notifications.lease_due(channel, at=at, until=at + LEASE, limit=limit)
            await self.notifications.record_attempts(
                [
                    _attempt(each.notification, each.notification.attempts - 1, Outcome.UNKNOWN, _LOST, at)
                    for each in due
                    if each.lost_lease
                ]
            )
            left = [each for each in due if not await self._is_given_up(each.notification, at)]
            return await self.within_throttle(channel, _bundled(left, at), at=at)

    async def _is_given_up(self, leased: Notification, at: datetime) -> bool:
        """One that takes its courier down every time must fail where it is seen, not be tried for ever."""
        if leased.attempts <= leased.attempts_allowed:
            return False
        change = leased.failed(detail=f"gave up after {leased.attempts_allowed} couriers were lost", at=at)
        attempt = _attempt(
            leased, leased.attempts, Outcome.WITHHELD, "not sent: too many couriers were lost before", at
        )
        await self.notifications.settle([Settlement(change, attempt)])
        return True

    async def within_throttle(self, channel: Channel, leased: Sequence[Bundle], *, at: datetime) -> tuple[Bundle, ...]:
        """What may leave of what the caller's transaction has leased.

        What is more than a contact takes waits until its window ends, and then goes as one message.
        """
        asked = Counter(_address(bundle) for bundle in leased if _is_counted(bundle))
        if not asked:
            return tuple(leased)
        throttles = await self.notifications.count_messages(channel, asked, at=at)
        room = {
            address: admitted(throttles[address], asked=count, limit=self.throttle_limit)
            for address, count in asked.items()
        }
        passed: list[Bundle] = []
        held: list[Bundle] = []
        for bundle in leased:
            if not _is_counted(bundle):
                passed.append(bundle)
            elif room[_address(bundle)] > 0:
                room[_address(bundle)] -= 1
                passed.append(bundle)
            else:
                held.append(bundle)
        await self._hold_back(held, throttles, at)
        return tuple(passed)

    async def _hold_back(self, held: Sequence[Bundle], throttles: Mapping[str, Throttle], at: datetime) -> None:
        if not held:
            return
        pages = [(each.notification, throttles[_address(bundle)].window_ends_at) for bundle in held for each in bundle]
        why = (
            f"since this contact has had {self.throttle_limit.messages} messages in {WINDOW.total_seconds():g} s;"
            " what waits then goes as one"
        )
        await self.notifications.hold_back({page.id: until for page, until in pages})
        await self.notifications.record_attempts(
            [
                _attempt(page, page.attempts, Outcome.HELD, f"until {until:%H:%M:%S} UTC, {why}", at)
                for page, until in pages
            ]
        )


def leased_at_once(
    pages: Iterable[Notification], subjects: Mapping[IncidentId, Subject], *, room: Room, at: datetime
) -> Leased:
    """Of pages that are just being made those that leave now, leased, for couriers that have room for them.

    Only those that are made together are bundled: what waits in the table is its couriers', who come in a moment.
    """
    due: defaultdict[Channel, list[DueNotification]] = defaultdict(list)
    for page in pages:
        if page.channel in room and page.next_deadline is not None and page.next_deadline <= at:
            assert page.incident_id is not None, "a page is about an incident"
            leased = page.lease(until=at + LEASE)
            due[page.channel].append(DueNotification(leased, page.next_deadline, False, subjects[page.incident_id]))
    return {channel: _bundled(due[channel], at)[: room[channel]] for channel in sorted(due)}


def _bundled(due: Sequence[DueNotification], at: datetime) -> tuple[Bundle, ...]:
    """Pages as the rule says, everything else alone."""
    by_id = {each.notification.id: each for each in due}
    pages = [
        DuePage(page.id, page.recipient_id, page.address, page.incident_id, each.due_at)
        for each in due
        for page in (each.notification,)
        if page.purpose is Purpose.PAGE and page.incident_id is not None
    ]
    together = [tuple(by_id[page_id] for page_id in bundle) for bundle in bundles(pages, at=at)]
    alone = [(each,) for each in due if each.notification.purpose is not Purpose.PAGE]
    return (*together, *alone)


def _is_counted(bundle: Bundle) -> bool:
    """Pages that leave for the first time: a try that failed is no message that anybody had to read."""
    return any(each.notification.purpose is Purpose.PAGE and each.notification.attempts == 1 for each in bundle)


def _address(bundle: Bundle) -> str:
    return bundle[0].notification.address


def _attempt(leased: Notification, number: int, outcome: Outcome, detail: str, at: datetime) -> Attempt:
    return Attempt(
        notification_id=leased.id,
        incident_id=leased.incident_id,
        number=number,
        started_at=at,
        finished_at=at,
        outcome=outcome,
        detail=detail,
    )
