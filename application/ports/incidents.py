from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.incident.incident import Incident
from domain.shared.change import Change
from domain.shared.ids import IncidentId, ServiceId


class IncidentRepository(Protocol):
    """Incidents inside the current transaction. Several are held in the order of `application.ports.intake`."""

    @abstractmethod
    async def get(self, incident_id: IncidentId) -> Incident:
        """The incident, held until the transaction ends so that nobody else decides on it meanwhile.

        Raises `NotFoundError`.
        """

    @abstractmethod
    async def get_many(self, incident_ids: Collection[IncidentId]) -> tuple[Incident, ...]:
        """Those that exist, held, by service and group key."""

    @abstractmethod
    async def id_of_number(self, number: int) -> IncidentId:
        """Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, change: Change[Incident]) -> Incident:
        """Store the state and append its events to the log, both or neither; return the state as stored.

        Raises `ConflictError` when the incident was saved since it was read, or when it opens a second incident for
        its service and group key. Without events it does nothing.
        """

    @abstractmethod
    async def save_all(self, changes: Sequence[Change[Incident]]) -> tuple[Incident, ...]:
        """The same for several at once, in their order."""

    @abstractmethod
    async def muted_by(self, *by: str) -> tuple[Incident, ...]:
        """Those that nobody has and whose pages one of these rules or silences holds back, held, likewise."""

    @abstractmethod
    async def reopenable(
        self, since: Mapping[tuple[ServiceId, str], datetime], *, at: datetime
    ) -> tuple[Incident, ...]:
        """Of each service and group key: the incident that was resolved last, if not before then; held.

        One that is followed, or whose window is over now, is none of them. Asked by whoever has opened the group
        (`IntakeStore.open_incidents`), so that nobody else reopens one of it. In the order of services and keys.
        """

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[Incident, ...]:
        """Incidents whose deadline has come, earliest first, held; those that somebody else holds are passed over."""

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """When the next incident is due, whoever may hold it. Needs no transaction."""

    @abstractmethod
    async def open_one(self, service_id: ServiceId, group_key: str) -> Incident | None:
        """The incident that is open for this service and group key, and followed by none; not held."""
