from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.alert.verdict import Verdict
from application.ports.intake import RawEvent
from domain.alert.alert_event import AlertSeverity
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IntegrationId, ServiceId, TeamId


class StoredEvent(NamedTuple):
    """A raw event, with the verdicts on what was in it."""

    raw: RawEvent
    integration_name: str


class PastEvent(NamedTuple):
    """One event as it was judged, and what rules can be asked about."""

    event_id: UUID
    received_at: datetime
    integration_id: IntegrationId
    team_id: TeamId  # the integration's, now
    service_id: ServiceId  # the integration's, now
    verdict: Verdict
    labels: Mapping[str, str] | None  # None: an answer, or one of whose alert nothing is left
    severity: AlertSeverity | None = None  # as it was sent
    group_window: GroupWindow | None = None  # the integration's, now


class PastEvents(NamedTuple):
    events: tuple[PastEvent, ...]  # in the order of the bodies that they came in
    last_id: UUID | None  # of the last body that was looked at; None: there are no more


class StoredEventReader(Protocol):
    """Raw events, for as long as they are kept."""

    @abstractmethod
    async def between(self, since: datetime, until: datetime, *, after: UUID | None = None, limit: int) -> PastEvents:
        """What was in at most `limit` bodies received in [since, until), by their ids, which order by time.

        Needs no transaction. `after` is the `last_id` of the answer before.
        """

    @abstractmethod
    async def get(self, event_id: UUID) -> StoredEvent:
        """Needs no transaction. Raises `NotFoundError`."""
