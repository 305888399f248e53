from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from application.errors import NotFoundError
from application.notification.fall_back import FallBack
from application.ports.clock import Clock
from application.ports.contact_proofs import ContactProofs, Tried
from application.ports.notifications import Attempt, NotificationRepository, Settlement
from application.ports.notifier import Outcome
from application.ports.transaction import Transaction
from domain.notification.notification import BUNDLED_WITH, Notification
from domain.shared.ids import NotificationId


class ReceiptKind(StrEnum):
    """What became of a message that a provider had taken."""

    ARRIVED = "arrived"
    MISSED = "missed"  # nobody was reached this time: the call was not answered, the telephone was off
    REFUSED = "refused"  # the address takes none at all: there is no such number, it is a landline


class Receipt(NamedTuple):
    kind: ReceiptKind
    detail: str  # what the provider said, for people


@dataclass(frozen=True, slots=True)
class TakeReceipt:
    """A provider says later what became of a message. One that reached nobody goes on as one that was refused does.

    The caller has checked who says it. It may be said twice, and before the courier has told that the message was
    taken; nothing happens twice.
    """

    notifications: NotificationRepository
    fall_back: FallBack
    proofs: ContactProofs
    transaction: Transaction
    clock: Clock

    async def __call__(self, notification_id: NotificationId, receipt: Receipt, *, attempt: int) -> None:
        """Nothing, when there is no such message, or it has been tried again since."""
        try:
            carrier = await self.notifications.get(notification_id)
        except NotFoundError:
            return
        told = (carrier, *await self.notifications.bundled_with(carrier))
        async with self.transaction:
            at = self.clock.now()
            incidents = {} if receipt.kind is ReceiptKind.ARRIVED else await self.fall_back.hold(told)
            held = {each.id: each for each in await self.notifications.hold([each.id for each in told])}
            if held[carrier.id].attempts != attempt:
                return
            spoken_for = [each for each in held.values() if each.id == carrier.id or _is_still_with(carrier, each)]
            if receipt.kind is ReceiptKind.ARRIVED:
                await self._arrived(spoken_for, receipt, at)
                return
            settlements = [
                Settlement(change, _line(each, Outcome.UNDELIVERED, receipt, at))
                for each in spoken_for
                if (change := each.undelivered(detail=receipt.detail, at=at)).state != each
            ]
            await self.notifications.settle(settlements)
            if receipt.kind is ReceiptKind.REFUSED:
                await self.proofs.record(_tries([each.change.state for each in settlements], Outcome.REJECTED, at))
                await self.fall_back(settlements, incidents, at=at)
            else:
                await self.fall_back.go_on([each.change.state for each in settlements], incidents, at=at)

    async def _arrived(self, told: Sequence[Notification], receipt: Receipt, at: datetime) -> None:
        await self.notifications.record_receipts([_line(each, Outcome.ARRIVED, receipt, at) for each in told])
        await self.proofs.record(_tries(told, Outcome.DELIVERED, at))


def _is_still_with(carrier: Notification, page: Notification) -> bool:
    """Whether the carrier's message is still the last one that spoke for the page."""
    return page.receipt.get(BUNDLED_WITH) == str(carrier.id)


def _line(page: Notification, outcome: Outcome, receipt: Receipt, at: datetime) -> Attempt:
    return Attempt(
        notification_id=page.id,
        incident_id=page.incident_id,
        number=page.attempts,
        started_at=at,
        finished_at=at,
        outcome=outcome,
        detail=receipt.detail,
    )


def _tries(told: Sequence[Notification], outcome: Outcome, at: datetime) -> list[Tried]:
    return [Tried(each.user_id, each.channel, each.address, at, outcome) for each in told if each.user_id is not None]
