from dataclasses import dataclass, field

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ConflictError
from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries
from application.ports.event_log import EventLog
from application.ports.ids import IdFactory
from application.ports.outgoing_addresses import OutgoingAddresses
from application.ports.references import Reference, ReferenceKind, References
from application.ports.subscriptions import SubscriptionRepository
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from application.subscription.access import described
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import SubscriptionId, TeamId
from domain.shared.limits import SUBSCRIPTIONS
from domain.subscription.subscription import SIGNED, Subscription, SubscriptionKind


@dataclass(frozen=True, slots=True)
class IssuedSubscription:
    """A subscription with its new secret, which nobody can be shown again; None: its kind signs nothing."""

    subscription: Subscription
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CreateSubscription:
    """A team has its incidents' events sent somewhere, from now on."""

    subscriptions: SubscriptionRepository
    deliveries: EventDeliveries
    event_log: EventLog
    outgoing_addresses: OutgoingAddresses
    references: References
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        *,
        team_id: TeamId | None,
        name: str,
        kind: SubscriptionKind,
        address: str,
        event_kinds: tuple[str, ...] = (),
        actor: Actor,
    ) -> IssuedSubscription:
        """Raises `ForbiddenError`, `InvalidValueError`, `ConflictError` when the name is taken or they are too many."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        subscription = Subscription(
            id=SubscriptionId(self.ids.new()),
            team_id=team_id,
            name=name.strip(),
            kind=kind,
            address=address,
            event_kinds=event_kinds,
        )
        await self.outgoing_addresses.check(kind, address)  # before the transaction: it may ask a name server
        secret = self.secrets.webhook_secret() if kind in SIGNED else None
        async with self.transaction:
            at = self.clock.now()
            if team_id is not None:
                team = NamedReference("team_id", Reference(ReferenceKind.TEAM, team_id))
                await require_known(self.references, (team,))
            if await self.subscriptions.count() >= SUBSCRIPTIONS:
                raise ConflictError("subscription", name, f"would be one more than the {SUBSCRIPTIONS} there may be")
            stored = await self.subscriptions.save(subscription)
            if secret is not None:
                await self.subscriptions.add_secret(stored.id, secret, old_expire_at=at)
            await self.deliveries.begin(stored.id, await self.event_log.end())
            await self.record_audit("subscription.create", stored.id, actor=actor, at=at, after=described(stored))
            return IssuedSubscription(stored, secret)
