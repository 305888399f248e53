from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from application.authorize import require
from application.ports.dependencies import DependencyRepository, NamedDependency
from application.ports.services import ServiceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.service import Service
from domain.shared.ids import ServiceId


class ShownDependencies(NamedTuple):
    service: Service
    needs: Sequence[NamedDependency]


@dataclass(frozen=True, slots=True)
class GetDependencies:
    """What a service needs itself."""

    services: ServiceRepository
    dependencies: DependencyRepository

    async def __call__(self, service_id: ServiceId, *, actor: Actor) -> ShownDependencies:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        service = await self.services.look_up(service_id)
        return ShownDependencies(service, await self.dependencies.of(service_id))
