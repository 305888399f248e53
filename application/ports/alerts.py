from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.alert.alert import Alert
from domain.service.integration import IntakeLimits, WhenSilent
from domain.shared.change import Change
from domain.shared.ids import IncidentId, IntegrationId


class DueAlert(NamedTuple):
    """One whose deadline has come, and what its integration wants then."""

    alert: Alert
    when_silent: WhenSilent

    @property
    def is_over(self) -> bool:
        """Whether it ends, rather than falling silent."""
        return self.alert.ends_by_silence or self.when_silent is WhenSilent.RESOLVE


class Overflow(NamedTuple):
    """The alert that counts what its integration had no room for."""

    alert: Alert
    open_alerts: int | None = None  # that its integration may have; None: as many as any

    def most_open_alerts(self, limits: IntakeLimits) -> int:
        """Of its integration."""
        return limits.most_open_alerts(self.open_alerts)


class AlertRepository(Protocol):
    """Alerts inside the current transaction, always in sets."""

    @abstractmethod
    async def firing(self, keys: Collection[tuple[IntegrationId, str]]) -> tuple[Alert, ...]:
        """The firing alerts of these integrations and dedup keys, held, by key."""

    @abstractmethod
    async def count_firing(self, most: Mapping[IntegrationId, int]) -> Mapping[IntegrationId, int]:
        """How many alerts of each integration fire; the number given where it is that or more."""

    @abstractmethod
    async def overflows(self, integration_ids: Collection[IntegrationId]) -> tuple[Overflow, ...]:
        """The firing alerts that count what these integrations had no room for, held, by integration."""

    @abstractmethod
    async def firing_of_incidents(self, incident_ids: Collection[IncidentId]) -> tuple[Alert, ...]:
        """The alerts that fire for any of the incidents, held, by key."""

    @abstractmethod
    async def look_up_firing(self, incident_ids: Collection[IncidentId]) -> tuple[Alert, ...]:
        """The same, not held: for whoever holds the incidents already, which come after alerts."""

    @abstractmethod
    async def first_labels(self, incident_ids: Collection[IncidentId]) -> Mapping[IncidentId, Mapping[str, str]]:
        """The labels of each incident's first alert; incidents that never had one are left out."""

    @abstractmethod
    async def save_cleared(self, changes: Sequence[Change[Alert]]) -> None:
        """Store alerts that were cleared, and append their events."""

    @abstractmethod
    async def save_settling(self, alerts: Sequence[Alert]) -> None:
        """Store flapping alerts whose end is to be believed later (`Alert.settle`)."""

    @abstractmethod
    async def last_turns(
        self, keys: Collection[tuple[IntegrationId, str]]
    ) -> Mapping[tuple[IntegrationId, str], tuple[datetime, ...]]:
        """The turns that the newest alert of each key counted; keys of which none did are left out."""

    @abstractmethod
    async def incidents_still_firing(self, incident_ids: Collection[IncidentId]) -> frozenset[IncidentId]:
        """Which of these incidents have a firing alert left."""

    @abstractmethod
    async def known_kinds(self, kinds: Collection[tuple[IncidentId, str]]) -> frozenset[tuple[IncidentId, str]]:
        """Of these kinds of alerts, those that their incident has had."""

    @abstractmethod
    async def last_cleared(
        self, keys: Collection[tuple[IntegrationId, str]]
    ) -> dict[tuple[IntegrationId, str], datetime]:
        """For each key whose newest alert is cleared and was dated by its sender: when that occurrence began."""

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueAlert, ...]:
        """Alerts whose deadline has come, earliest first, held; those that another worker holds are passed over."""

    @abstractmethod
    async def save_silent(self, changes: Sequence[Change[Alert]]) -> None:
        """Store alerts that fell silent, and append their events."""

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """When the next alert is due, whoever may hold it. Needs no transaction."""
