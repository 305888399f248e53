from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from application.errors import NotFoundError
from application.notification.notify import Notify
from application.ports.clock import Clock
from application.ports.directory import Directory
from application.ports.event_log import EventLog
from application.ports.subscriptions import SubscriptionRepository
from application.ports.transaction import Transaction
from domain.notification.notice import Notice, NoticeKind
from domain.shared.ids import SubscriptionId, UserId
from domain.subscription.subscription import Subscription

_NAME_SHOWN: Final = 120


@dataclass(frozen=True, slots=True)
class SwitchOffSubscription:
    """Nothing can be delivered to it, so that trying ends, and those whose it is are told; nothing waiting is lost."""

    subscriptions: SubscriptionRepository
    event_log: EventLog
    directory: Directory
    notify: Notify
    transaction: Transaction
    clock: Clock

    async def __call__(self, subscription_id: SubscriptionId, reason: str) -> None:
        """Without effect on one that is off or gone already."""
        async with self.transaction:
            at = self.clock.now()
            try:
                subscription = await self.subscriptions.get(subscription_id)
            except NotFoundError:
                return
            change = subscription.disable(reason, at=at)
            if not change.events:
                return
            await self.subscriptions.save(change.state)
            await self.event_log.append(change.events)
            await self.notify(await self._owners(subscription), _notice(subscription, reason, at), at=at)

    async def _owners(self, subscription: Subscription) -> Sequence[UserId]:
        team_id = subscription.team_id
        members = {} if team_id is None else await self.directory.team_members((team_id,))
        return (members.get(team_id, ()) if team_id is not None else ()) or await self.directory.admins()


def _notice(subscription: Subscription, reason: str, at: datetime) -> Notice:
    return Notice(
        kind=NoticeKind.SUBSCRIPTION_OFF,
        key=f"subscription_off:{subscription.id}:{subscription.version}",
        title=f"Switched off: subscription {subscription.name[:_NAME_SHOWN]}",
        text=(
            f"{reason[0].upper()}{reason[1:]}, so it was switched off at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.\n"
            "What it missed is kept. See to its receiver, then switch it on:\n"
            f"tocsin subscription enable {subscription.id}"
        ),
    )
