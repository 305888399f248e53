from dataclasses import dataclass

from application.authorize import require
from application.ports.dependencies import DependencyRepository, NamedDependency
from application.ports.page import Page, PageRequest
from application.ports.services import ServiceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import ServiceId


@dataclass(frozen=True, slots=True)
class ListDependents:
    """Who needs a service, and so may suffer when it breaks."""

    services: ServiceRepository
    dependencies: DependencyRepository

    async def __call__(self, service_id: ServiceId, page: PageRequest, *, actor: Actor) -> Page[NamedDependency]:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        await self.services.look_up(service_id)
        return await self.dependencies.dependents(service_id, page)
