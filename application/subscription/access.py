"""Who may see and change subscriptions: whoever configures the team. An address may be a secret, so nobody else reads
it; and a subscription of every team's incidents belongs to the admins."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from application.audit.describe import describe
from application.authorize import may, require
from application.errors import NotFoundError
from application.ports.subscriptions import SubscriptionRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission, Role
from domain.shared.ids import SubscriptionId, TeamId
from domain.subscription.subscription import Subscription, SubscriptionKind


async def look_up(repository: SubscriptionRepository, subscription_id: SubscriptionId, *, actor: Actor) -> Subscription:
    """Raises `ForbiddenError`, or `NotFoundError` also for one that is not the actor's to see."""
    _require_configures(actor)
    return _visible(await repository.look_up(subscription_id), actor)


async def hold(repository: SubscriptionRepository, subscription_id: SubscriptionId, *, actor: Actor) -> Subscription:
    """The same, held until the transaction ends."""
    _require_configures(actor)
    return _visible(await repository.get(subscription_id), actor)


def visible_teams(actor: Actor, team_id: TeamId | None) -> frozenset[TeamId] | None:
    """Whose subscriptions a list shows; None: all. Raises `ForbiddenError`."""
    _require_configures(actor)
    if team_id is not None:
        require(actor, Permission.CONFIGURE, team_id=team_id)
        return frozenset({team_id})
    return None if actor.role is Role.ADMIN else actor.team_ids


def _require_configures(actor: Actor) -> None:
    """Before anything is looked up, so that nobody learns by the answer what there is."""
    if not actor.permits(Permission.CONFIGURE):
        require(actor, Permission.CONFIGURE)


def _visible(subscription: Subscription, actor: Actor) -> Subscription:
    if not may(actor, Permission.CONFIGURE, team_id=subscription.team_id):
        raise NotFoundError("subscription", subscription.id)
    return subscription


def described(subscription: Subscription) -> Mapping[str, object]:
    """For the audit trail: of a URL the server alone, since the rest may be a secret."""
    shown = describe(subscription)
    if subscription.kind is SubscriptionKind.WEBHOOK:
        parts = urlsplit(subscription.address)
        shown["address"] = f"{parts.scheme}://{parts.netloc}/…"
    return shown
