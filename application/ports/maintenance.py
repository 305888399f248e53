from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.ports.ending import EndingQuery
from application.ports.page import Page
from domain.routing.maintenance import MaintenanceWindow
from domain.shared.ids import MaintenanceId


class MaintenanceRepository(Protocol):
    """Maintenance windows, those that are over too. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, maintenance_id: MaintenanceId) -> MaintenanceWindow:
        """The window, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, maintenance_id: MaintenanceId) -> MaintenanceWindow:
        """The same, not held. Needs no transaction."""

    @abstractmethod
    async def save(self, window: MaintenanceWindow) -> MaintenanceWindow:
        """Store it and return it as stored, one version on; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read.
        """

    @abstractmethod
    async def count(self, *, at: datetime) -> int:
        """How many are not over."""

    @abstractmethod
    async def list(self, query: EndingQuery) -> Page[MaintenanceWindow]:
        """By when they are over for good. Needs no transaction."""
