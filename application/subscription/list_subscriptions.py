from dataclasses import dataclass

from application.ports.page import Page, PageRequest
from application.ports.subscriptions import SubscriptionRepository
from application.subscription.access import visible_teams
from domain.identity.actor import Actor
from domain.shared.ids import TeamId
from domain.subscription.subscription import Subscription


@dataclass(frozen=True, slots=True)
class ListSubscriptions:
    """Subscriptions by name, of one team, or of all that the actor configures."""

    subscriptions: SubscriptionRepository

    async def __call__(self, page: PageRequest, *, team_id: TeamId | None = None, actor: Actor) -> Page[Subscription]:
        """Raises `ForbiddenError`."""
        return await self.subscriptions.list(page, team_ids=visible_teams(actor, team_id))
