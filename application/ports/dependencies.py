from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from application.ports.page import Page, PageRequest
from domain.routing.dependency import Dependencies, Dependency
from domain.shared.ids import IncidentId, ServiceId
from domain.shared.severity import Severity


class NamedDependency(NamedTuple):
    """A dependency with the name of the service at its other end."""

    dependency: Dependency
    id: ServiceId  # of that service
    name: str


class Broken(NamedTuple):
    """An open incident of a service, which what needs the service may suffer from."""

    incident_id: IncidentId
    number: int
    service_id: ServiceId
    service_name: str


# A service, and how severe an incident of it must be at least.
type Asked = tuple[ServiceId, Severity]


class DependencyRepository(Protocol):
    """What services need. Writes are inside the current transaction."""

    @abstractmethod
    async def graph(self) -> Dependencies:
        """All of them, held: whoever else would change any waits until the transaction ends."""

    @abstractmethod
    async def replace(self, service_id: ServiceId, dependencies: Sequence[Dependency]) -> None:
        """What one service needs, in place of what it needed before."""

    @abstractmethod
    async def of(self, service_id: ServiceId) -> Sequence[NamedDependency]:
        """What a service needs itself, in its order, with the names of those. Needs no transaction."""

    @abstractmethod
    async def dependents(self, service_id: ServiceId, page: PageRequest) -> Page[NamedDependency]:
        """Who needs it, by their names and ids. Needs no transaction."""

    @abstractmethod
    async def names(self, service_ids: Collection[ServiceId]) -> Mapping[ServiceId, str]:
        """Of those that are there. Needs no transaction."""

    @abstractmethod
    async def broken(self, asked: Collection[Asked]) -> Mapping[Asked, Broken]:
        """For each that has one: an open incident at least so severe that somebody hears of, or that waits for one.

        One whose own mute is a silence, a window or a rule counts for nothing: what waited for it nobody would hear.
        """
