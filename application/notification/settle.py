from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.escalation.stop import update_of
from application.notification.fall_back import FallBack
from application.notification.send import Sent
from application.notification.tell_of_destinations import TellOfDestinations
from application.ports.clock import Clock
from application.ports.contact_proofs import ContactProofs, Tried
from application.ports.destination_proofs import TriedDestination
from application.ports.ids import IdFactory
from application.ports.notifications import Attempt, NotificationRepository, Settlement
from application.ports.notifier import Delivery, Outcome
from application.ports.randomness import Randomness
from application.ports.transaction import Transaction
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.shared.change import Change
from domain.shared.ids import NotificationId


@dataclass(frozen=True, slots=True)
class SettleNotifications:
    """Records how attempts ended, for as many as have gathered, in one transaction.

    What a courier has to say is refused when another one holds a later attempt: its lease ran out meanwhile, and
    somebody else's word counts now.
    """

    notifications: NotificationRepository
    fall_back: FallBack
    tell_of_destinations: TellOfDestinations
    proofs: ContactProofs
    transaction: Transaction
    clock: Clock
    ids: IdFactory
    randomness: Randomness

    async def __call__(self, batch: Sequence[Sent]) -> frozenset[NotificationId]:
        """Those whose word counted."""
        async with self.transaction:
            at = self.clock.now()
            incidents = await self.fall_back.hold(
                [sent.due.notification for sent in batch if sent.delivery.outcome is Outcome.REJECTED]
            )
            held = {
                each.id: each for each in await self.notifications.hold([sent.due.notification.id for sent in batch])
            }
            settlements = [
                Settlement(self._after(current, sent.delivery, at), _attempt_of(sent))
                for sent in batch
                for current in (held[sent.due.notification.id],)
                if current.attempts == sent.due.notification.attempts
            ]
            await self.notifications.settle(settlements)
            telling = [each for each in settlements if _tells_of_its_address(each)]
            await self.proofs.record([_tried(each) for each in telling if each.change.state.user_id is not None])
            refused = [
                each
                for each in telling
                if each.change.state.user_id is not None and each.attempt.outcome is Outcome.REJECTED
            ]
            if refused:
                await self.fall_back(refused, incidents, at=at)
            at_destinations = [_tried_destination(each) for each in telling if each.change.state.user_id is None]
            if at_destinations:
                await self.tell_of_destinations(at_destinations, at=at)
            late = [each.change.state for each in settlements if _asks_for_what_is_done(each.change.state)]
            await self.notifications.add([update_of(page, NotificationId(self.ids.new()), at=at) for page in late])
        return frozenset(each.change.state.id for each in settlements)

    def _after(self, current: Notification, delivery: Delivery, at: datetime) -> Change[Notification]:
        if current.status is not NotificationStatus.SENDING:
            return Change(current)  # the provider's receipt came before its courier's word, and says more
        match delivery.outcome:
            case Outcome.DELIVERED:
                return current.delivered(receipt=delivery.receipt, detail=delivery.detail, at=at)
            case Outcome.WITHHELD:
                return Change(current.cancel())
            case Outcome.REJECTED:
                return current.failed(detail=delivery.detail, at=at)
            case Outcome.HELD | Outcome.ARRIVED | Outcome.UNDELIVERED:
                raise AssertionError("what is held back was never with a courier, and no courier brings receipts")
            case Outcome.RETRY | Outcome.UNKNOWN:
                return current.retry_or_fail(
                    is_unknown=delivery.outcome is Outcome.UNKNOWN,
                    wish=delivery.retry_after,
                    jitter=self.randomness.fraction(),
                    detail=delivery.detail,
                    at=at,
                )


def _tells_of_its_address(settlement: Settlement) -> bool:
    """Whether anything can be reached there. An update does not: it is refused when its message is gone."""
    is_update = settlement.change.state.purpose is Purpose.UPDATE
    return not is_update and settlement.attempt.outcome is not Outcome.WITHHELD


def _tried(settlement: Settlement) -> Tried:
    state, attempt = settlement.change.state, settlement.attempt
    assert state.user_id is not None, "a contact is somebody's"
    return Tried(state.user_id, state.channel, state.address, attempt.finished_at, attempt.outcome)


def _tried_destination(settlement: Settlement) -> TriedDestination:
    state, attempt = settlement.change.state, settlement.attempt
    assert state.destination_id is not None, "to a person or a destination"
    return TriedDestination(state.destination_id, state.address, attempt.finished_at, attempt.outcome, attempt.detail)


def _attempt_of(sent: Sent) -> Attempt:
    leased = sent.due.notification
    return Attempt(
        notification_id=leased.id,
        incident_id=leased.incident_id,
        number=leased.attempts,
        started_at=sent.started_at,
        finished_at=sent.finished_at,
        outcome=sent.delivery.outcome,
        detail=sent.delivery.detail,
    )


def _asks_for_what_is_done(page: Notification) -> bool:
    """A page that an answer overtook on its way arrived with buttons: bring it up to date."""
    return page.purpose is Purpose.PAGE and page.was_overtaken and page.channel is Channel.SLACK and page.can_be_updated
