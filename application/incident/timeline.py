from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from application.authorize import require
from application.ports.destinations import DestinationRepository
from application.ports.event_log import EventLog, EventPosition, LoggedEvent
from application.ports.readers import IncidentReader, IncidentRef
from domain.escalation.events import EscalationFallBackPaged, EscalationMoved, EscalationStepReached
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.events import (
    IncidentAct,
    IncidentEvent,
    IncidentReassigned,
    IncidentRespondersAsked,
    IncidentTakenOver,
)
from domain.notification.events import NotificationEvent
from domain.shared.event import DomainEvent
from domain.shared.ids import DestinationId, UserId


class Timeline(NamedTuple):
    """What happened to an incident, oldest first, and the names of everyone and of every destination in it."""

    events: tuple[LoggedEvent, ...]
    names: Mapping[UserId, str]
    destinations: Mapping[DestinationId, str]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ReadTimeline:
    """Somebody follows what happened to an incident, in order."""

    incidents: IncidentReader
    log: EventLog
    destinations: DestinationRepository

    async def __call__(
        self, ref: IncidentRef, *, after: EventPosition | None = None, limit: int, actor: Actor
    ) -> Timeline:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        incident_id = await self.incidents.find(ref)
        logged = await self.log.of_incident(incident_id, after=after, limit=limit + 1)
        shown = logged[:limit]
        users = {user_id for entry in shown for user_id in people_in(entry.event)}
        names = await self.incidents.user_names(users) if users else {}
        ids = {destination_id for entry in shown for destination_id in destinations_in(entry.event)}
        destinations = await self.destinations.get_many(ids)
        return Timeline(
            shown, names, {each.id: each.name for each in destinations.values()}, has_more=len(logged) > limit
        )


def people_in(event: DomainEvent) -> Iterator[UserId]:
    """Everyone that an event names."""
    match event:
        case IncidentEvent():
            yield from _people_in_incident(event)
        case EscalationMoved():
            yield event.by
        case EscalationStepReached() | EscalationFallBackPaged():
            yield from event.responders
            yield from event.unreachable
        case NotificationEvent() if event.user_id is not None:
            yield event.user_id
        case _:
            return


def destinations_in(event: DomainEvent) -> Iterator[DestinationId]:
    """Every destination that an event names."""
    match event:
        case EscalationStepReached() | EscalationFallBackPaged():
            yield from event.destinations
        case NotificationEvent() if event.destination_id is not None:
            yield event.destination_id
        case _:
            return


def _people_in_incident(event: IncidentEvent) -> Iterator[UserId]:
    if isinstance(event, IncidentAct) and event.by is not None:
        yield event.by
    match event:
        case IncidentReassigned() | IncidentRespondersAsked():
            yield from event.users
        case IncidentTakenOver() if event.previous is not None:
            yield event.previous
        case _:
            return
