from abc import abstractmethod
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.service.service import Service
from domain.shared.ids import ServiceId, TeamId


class ServiceRepository(Protocol):
    """Services; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, service_id: ServiceId) -> Service:
        """The service, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, service_id: ServiceId) -> Service:
        """The service, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, service: Service) -> Service:
        """Store it and return it as stored, one version on; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read, or when another service has its name.
        """

    @abstractmethod
    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Service]:
        """By name and id, of one team or of all. Needs no transaction."""
