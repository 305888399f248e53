from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.authorize import require
from application.errors import NotFoundError
from application.ports.integrations import IntegrationRepository
from application.ports.references import References
from application.ports.routings import Drops, RoutingRepository
from application.routing.owner import RoutingOwner, owner_that_is_there
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.route import Routing
from domain.shared.ids import UserId


class ShownRouting(NamedTuple):
    """A version of a routing, and what its owner's rules have dropped so far."""

    routing: Routing
    saved_at: datetime | None  # None: there never was one
    saved_by: UserId | None
    drops: Mapping[str, Drops]


@dataclass(frozen=True, slots=True)
class GetRouting:
    """The rules of an owner, as they are or as they once were. Who never had any has none, in version 0."""

    routings: RoutingRepository
    integrations: IntegrationRepository
    references: References

    async def __call__(self, owner: RoutingOwner, *, version: int | None = None, actor: Actor) -> ShownRouting:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        owner = await owner_that_is_there(owner, integrations=self.integrations, references=self.references)
        try:
            found = await self.routings.get(owner.id, version=version)
        except NotFoundError:
            if version not in {None, 0}:
                raise
            return ShownRouting(Routing(team_id=owner.team_id, integration_id=owner.integration_id), None, None, {})
        return ShownRouting(found.routing, found.saved_at, found.saved_by, await self.routings.drops(owner.id))
