"""Bodies of an integration as they came, for whoever replays them, and what each says as it is read today."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol
from uuid import UUID

from application.alert.verdict import Verdict
from domain.alert.alert_event import AlertEvent
from domain.service.integration import Integration
from domain.shared.ids import IntegrationId


class KeptBody(NamedTuple):
    """One body, taken or set aside. A body of which a part was set aside is there twice, once as each."""

    id: UUID
    received_at: datetime
    format: str  # of one that was taken: its protocol; of one that was set aside: the way that it came
    body: bytes  # of one that was set aside perhaps only the beginning
    verdicts: tuple[Verdict, ...] = ()  # what became of each event in it, in their order
    refusal: str | None = None  # why it was set aside
    headers: Mapping[str, str] = MappingProxyType({})  # by which it is read


class KeptKey(NamedTuple):
    received_at: datetime
    id: UUID


class KeptBodies(Protocol):
    """Needs no transaction."""

    @abstractmethod
    async def between(
        self,
        integration_id: IntegrationId,
        since: datetime,
        until: datetime,
        *,
        after: KeptKey | None = None,
        limit: int,
    ) -> tuple[KeptBody, ...]:
        """The first of those received in [since, until), after the one that is named. Costs what is asked for."""


class Reading(NamedTuple):
    events: tuple[AlertEvent, ...] = ()
    refusal: str | None = None  # why it says nothing


class BodyReader(Protocol):
    """Pure; a long body takes a while."""

    @abstractmethod
    def read(self, kept: KeptBody, integration: Integration) -> Reading:
        """Today's reading, by the integration's mapping and grouping of now.

        A trigger that its sender gave no key has the one that it was given when it came, or one that is the same for
        every reading of this body.
        """
