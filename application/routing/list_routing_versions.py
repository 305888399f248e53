from dataclasses import dataclass

from application.authorize import require
from application.ports.integrations import IntegrationRepository
from application.ports.page import Page
from application.ports.references import References
from application.ports.routings import RoutingRepository, RoutingVersion
from application.ports.schedule_history import NewestVersionsFirst
from application.routing.owner import RoutingOwner, owner_that_is_there
from domain.identity.actor import Actor
from domain.identity.role import Permission


@dataclass(frozen=True, slots=True)
class ListRoutingVersions:
    """How an owner's rules have been, newest first."""

    routings: RoutingRepository
    integrations: IntegrationRepository
    references: References

    async def __call__(
        self, owner: RoutingOwner, request: NewestVersionsFirst, *, actor: Actor
    ) -> Page[RoutingVersion]:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        owner = await owner_that_is_there(owner, integrations=self.integrations, references=self.references)
        return await self.routings.versions(owner.id, request)
