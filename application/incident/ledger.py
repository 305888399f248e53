from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.authorize import require
from application.incident.events import events_of
from application.ports.event_log import EventLog
from application.ports.page import Page
from application.ports.readers import DeliveryRecord, IncidentReader, IncidentRef, OldestFirst
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.events import IncidentAcknowledged
from domain.shared.ids import IncidentId, UserId
from domain.shared.via import Via


class Acknowledgement(NamedTuple):
    at: datetime
    by: UserId | None  # None: the sender
    name: str | None
    via: Via


class LedgerEntry(NamedTuple):
    """A message from its intent on: every attempt, its receipt, and the first acknowledgement that came after it."""

    record: DeliveryRecord
    acknowledgement: Acknowledgement | None


@dataclass(frozen=True, slots=True)
class ReadLedger:
    """Somebody takes the whole story of an incident's messages away with them."""

    incidents: IncidentReader
    log: EventLog

    async def __call__(self, ref: IncidentRef, request: OldestFirst, *, actor: Actor) -> Page[LedgerEntry]:
        """By the id of the message. Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        incident_id = await self.incidents.find(ref)
        page = await self.incidents.deliveries(incident_id, request)
        answers = await self._acknowledgements(incident_id)
        return Page(tuple(LedgerEntry(each, _first_after(each, answers)) for each in page.items), page.has_more)

    async def _acknowledgements(self, incident_id: IncidentId) -> list[Acknowledgement]:
        """All of one incident, oldest first."""
        events = [each for each in await events_of(self.log, incident_id) if isinstance(each, IncidentAcknowledged)]
        names = await self.incidents.user_names({each.by for each in events if each.by is not None})
        return [
            Acknowledgement(each.at, each.by, None if each.by is None else names.get(each.by), each.via)
            for each in events
        ]


def _first_after(record: DeliveryRecord, answers: Sequence[Acknowledgement]) -> Acknowledgement | None:
    return next((each for each in answers if each.at >= record.notification.created_at), None)
