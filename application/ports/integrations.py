from abc import abstractmethod
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.service.integration import Integration
from domain.shared.ids import IntegrationId, ServiceId, TeamId


class IntegrationRepository(Protocol):
    """Integrations; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, integration_id: IntegrationId) -> Integration:
        """The integration, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, integration_id: IntegrationId) -> Integration:
        """The integration, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, integration: Integration) -> Integration:
        """Store it and return it as stored, one version on; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read, or when another integration has its key.
        """

    @abstractmethod
    async def hand_over(self, service_id: ServiceId, *, team_id: TeamId) -> None:
        """Give all integrations of the service to the team: they belong to whom their service belongs to."""

    @abstractmethod
    async def list(
        self, page: PageRequest, *, service_id: ServiceId | None = None, team_id: TeamId | None = None
    ) -> Page[Integration]:
        """By name and id; names may repeat. Needs no transaction."""
