"""The hot path's storage: a few set-based statements for as many events as have gathered."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self
from uuid import UUID

from application.alert.verdict import Verdict
from domain.alert.alert import Alert, Expiry
from domain.alert.alert_event import ChangeEvent
from domain.escalation.run import EscalationRun
from domain.incident.incident import Followed, IncidentDraft
from domain.service.integration import Integration
from domain.service.service import UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId, IntegrationId, PolicyId, ServiceId, TeamId
from domain.shared.quickly_built import quickly_built

AlertKey = tuple[IntegrationId, str]  # integration and dedup key
GroupKey = tuple[ServiceId, str]  # service and group key


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeTarget:
    """Everything that an event's integration decides, in one look-up."""

    integration: Integration
    policy_id: PolicyId
    policy_version: int
    urgency_rule: UrgencyRule
    tier: int | None = None
    support_hours: SupportHours | None = None
    acknowledgements_required: int = 1

    def led_to(self, service: "ServiceTarget") -> Self:
        """The same integration's events, when a rule leads them to another service."""
        integration = replace(self.integration, service_id=service.service_id, team_id=service.team_id)
        decided = {each.name: getattr(service, each.name) for each in fields(service)}
        del decided["service_id"], decided["team_id"]
        return replace(self, integration=integration, **decided)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTarget:
    """What a service decides of the events that are led to it."""

    service_id: ServiceId
    team_id: TeamId
    policy_id: PolicyId
    policy_version: int
    urgency_rule: UrgencyRule
    tier: int | None = None
    support_hours: SupportHours | None = None
    acknowledgements_required: int = 1


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """The body as it came, less the secret in it. Replay and back-tests run on these."""

    id: UUID
    integration_id: IntegrationId
    received_at: datetime
    format: str
    body: bytes
    verdicts: tuple[Verdict, ...] = ()  # what became of each event in it, in their order
    trace: str | None = None  # that it came with, kept with the incident that it opens
    headers: Mapping[str, str] = field(default_factory=dict)  # by which it is read, and no other


class DropCount(NamedTuple):
    """Events that one rule dropped."""

    owner_id: UUID
    rule: str
    dropped: int
    last_event_id: UUID | None  # the raw event that the last of them came in


class Touched(NamedTuple):
    alert_id: AlertId
    incident_id: IncidentId


class OpenedIncident(NamedTuple):
    incident_id: IncidentId
    number: int
    is_new: bool
    is_muted: bool = False
    follows: Followed | None = None  # what was open until now, and is no more the one to join

    @property
    def is_alone(self) -> bool:
        """Whether its group had none that was open."""
        return self.is_new and self.follows is None


class ReceivedChange(NamedTuple):
    """A change event of a sender that was recognised, under the id that it was told."""

    id: UUID
    target: IntakeTarget
    change: ChangeEvent
    received_at: datetime


class DeadLetter(NamedTuple):
    id: UUID
    integration_id: IntegrationId | None
    received_at: datetime
    source: str  # http, sqs
    reason: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})  # by which it is read, and no other


class IntakeStore(Protocol):
    """Inside the current transaction.

    What several transactions may want is held in one order by all of them, so that none waits for another in a circle:

    1. alerts that fire, by integration and dedup key, with the one that counts others after all the rest;
    2. groups, by service and group key: the incident that is open, or the one that is begun in its place;
    3. incidents that are resolved already, in the same order, by whoever has their group;
    4. runs, then notifications, each by id;
    5. what rules have dropped, by owner and rule, last of all.

    Keys are compared as Python compares them, by code point, also where the storage sorts. The order is one of each
    wave of a batch; who claims what is due passes over what others hold, and so waits for nobody.
    """

    @abstractmethod
    async def target_of(self, key_hash: bytes, *, at: datetime) -> IntakeTarget | None:
        """Whose key it is, counting a rotated key until its overlap ends. Needs no transaction."""

    @abstractmethod
    async def service_targets(self, service_ids: Collection[ServiceId]) -> Mapping[ServiceId, ServiceTarget]:
        """What these services decide now; one that is not there is left out. Needs no transaction."""

    @abstractmethod
    async def touch(
        self, seen: Mapping[AlertKey, int], *, expires: Mapping[AlertKey, Expiry] | None = None, at: datetime
    ) -> dict[AlertKey, Touched]:
        """Count more occurrences of the alerts that are firing, and say which those are.

        Those that `expires` names are good until then, or for longer if their sender said so before, and are silent no
        more. What a rule said before of another one's end holds no more (`Alert.heard_again`).
        """

    @abstractmethod
    async def open_incidents(self, drafts: Sequence[IncidentDraft]) -> dict[GroupKey, OpenedIncident]:
        """For each service and group key: the incident that is open, or a new one from the draft.

        One whose window is over when the draft begins is followed by the new one. A window that rolls is longer for
        the draft, which joins.
        """

    @abstractmethod
    async def withdraw_incidents(self, incident_ids: Collection[IncidentId]) -> None:
        """Take back incidents that were begun in this transaction and have nothing yet: another takes their place."""

    @abstractmethod
    async def record(
        self,
        *,
        alerts: Sequence[Alert],
        runs: Sequence[EscalationRun],
        events: Sequence[DomainEvent],
        raw_events: Sequence[RawEvent],
    ) -> None:
        """Store new alerts, runs, domain events and raw events, and wake whoever waits for them.

        Raises:
            ConflictError: an alert has begun to fire meanwhile. The transaction is to be done anew.
        """

    @abstractmethod
    async def count_drops(self, drops: Sequence[DropCount], *, at: datetime) -> None:
        """Add to what rules have dropped. The last statement of a batch: others wait for its rows."""

    @abstractmethod
    async def record_changes(self, changes: Sequence[ReceivedChange]) -> None:
        """Store change events; one that is there by its id stays as it is."""

    @abstractmethod
    async def set_aside(self, letters: Sequence[DeadLetter]) -> None:
        """Keep what a sender cannot mend, for people to look at; one that is there by its id stays as it is."""
