from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.audit.record import RecordAudit
from application.ports.clock import Clock
from application.ports.subscriptions import SubscriptionRepository
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.subscription.access import hold
from application.subscription.create_subscription import IssuedSubscription
from domain.identity.actor import Actor
from domain.shared.errors import InvalidValueError
from domain.shared.ids import SubscriptionId
from domain.subscription.subscription import SIGNED

OVERLAP_DEFAULT: Final = timedelta(hours=24)
OVERLAP_MAX: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RotateSubscriptionSecret:
    """A new secret, shown this once. Until the overlap ends messages are signed with the old one as well."""

    subscriptions: SubscriptionRepository
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, subscription_id: SubscriptionId, *, overlap: timedelta = OVERLAP_DEFAULT, actor: Actor
    ) -> IssuedSubscription:
        """Without an overlap the old secret, which may have leaked, signs nothing more.

        Raises `ForbiddenError`, `NotFoundError`, and `InvalidValueError` for a kind that signs nothing.
        """
        if not timedelta(0) <= overlap <= OVERLAP_MAX:
            raise InvalidValueError("overlap", f"must be from 0 to {OVERLAP_MAX.days} days")
        secret = self.secrets.webhook_secret()
        async with self.transaction:
            at = self.clock.now()
            subscription = await hold(self.subscriptions, subscription_id, actor=actor)
            if subscription.kind not in SIGNED:
                raise InvalidValueError("subscription", f"is of the kind {subscription.kind}, which signs nothing")
            await self.subscriptions.add_secret(subscription_id, secret, old_expire_at=at + overlap)
            await self.record_audit(
                "subscription.rotate_secret",
                subscription_id,
                actor=actor,
                at=at,
                after={"old_expires_at": (at + overlap).isoformat()},
            )
            return IssuedSubscription(subscription, secret)
