from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol

from domain.incident.incident import Incident
from domain.shared.change import Change
from domain.shared.ids import IncidentId


class IncidentRepository(Protocol):
    """Incidents inside the current transaction."""

    @abstractmethod
    async def get(self, incident_id: IncidentId) -> Incident:
        """The incident, held until the transaction ends so that nobody else decides on it meanwhile.

        Raises `NotFoundError`.
        """

    @abstractmethod
    async def get_many(self, incident_ids: Collection[IncidentId]) -> tuple[Incident, ...]:
        """Those that exist, held, by id."""

    @abstractmethod
    async def id_of_number(self, number: int) -> IncidentId:
        """Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, change: Change[Incident]) -> Incident:
        """Store the state and append its events to the log, both or neither; return the state as stored.

        Raises `ConflictError` when the incident was saved since it was read. Without events it does nothing.
        """
