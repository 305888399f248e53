"""The incident and its life: triggered, acknowledged, resolved."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAnnotated,
    IncidentEvent,
    IncidentResolved,
    IncidentTriggered,
)
from domain.incident.severity import Severity
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import AlertId, IncidentId, ServiceId, TeamId, UserId
from domain.shared.limits import NOTE_CHARACTERS
from domain.shared.text import require_length
from domain.shared.urgency import Urgency
from domain.shared.via import Via


class IncidentStatus(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDraft:
    """An incident before storage has said whether one is open for its service and group key, and given its number."""

    id: IncidentId
    service_id: ServiceId
    team_id: TeamId
    group_key: str
    title: str
    severity: Severity
    urgency: Urgency
    triggered_at: datetime

    def triggered(
        self, *, number: int, via: Via, by: UserId | None = None, alert_id: AlertId | None = None
    ) -> IncidentTriggered:
        """That it was opened, under the number that storage gave it."""
        return IncidentTriggered(
            incident_id=self.id,
            at=self.triggered_at,
            number=number,
            service_id=self.service_id,
            team_id=self.team_id,
            group_key=self.group_key,
            title=self.title,
            severity=self.severity,
            urgency=self.urgency,
            via=via,
            by=by,
            alert_id=alert_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One interruption of one service. Frozen, so that nothing undecided or unsaved leaks through a shared object."""

    id: IncidentId
    number: int  # for people: INC-123
    service_id: ServiceId
    team_id: TeamId
    group_key: str  # one open incident per service and group key
    title: str
    severity: Severity
    urgency: Urgency
    status: IncidentStatus
    triggered_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: UserId | None = None
    resolved_at: datetime | None = None
    resolved_by: UserId | None = None
    version: int = 0  # how many times it has been saved; the optimistic lock

    @property
    def is_open(self) -> bool:
        return self.status is not IncidentStatus.RESOLVED

    @staticmethod
    def trigger(
        draft: IncidentDraft, *, number: int, via: Via, by: UserId | None = None, alert_id: AlertId | None = None
    ) -> "Change[Incident]":
        """Open the incident under the number that storage gave it."""
        event = draft.triggered(number=number, via=via, by=by, alert_id=alert_id)
        return Change(_opened(event), (event,))

    def acknowledge(self, *, by: UserId | None, via: Via, at: datetime) -> Change[Self]:
        """Give the incident an owner, which stops its escalation.

        The owner may repeat it without effect, because queues deliver twice; anyone else takes it over. A sender
        (`by` None) never takes it from a person.

        Raises:
            IllegalTransitionError: the incident is resolved.
        """
        if not self.is_open:
            raise IllegalTransitionError("incident", self.status, IncidentStatus.ACKNOWLEDGED)
        if self.status is IncidentStatus.ACKNOWLEDGED and by in {self.acknowledged_by, None}:
            return Change(self)
        return self._changed(IncidentAcknowledged(incident_id=self.id, by=by, via=via, at=at))

    def resolve(self, *, by: UserId | None, via: Via, at: datetime) -> Change[Self]:
        """End the incident. Resolving it again has no effect."""
        if not self.is_open:
            return Change(self)
        return self._changed(IncidentResolved(incident_id=self.id, by=by, via=via, at=at))

    def annotate(self, note: str, *, by: UserId, via: Via, at: datetime) -> Change[Self]:
        """Add a note to the timeline, whatever the status.

        Raises:
            InvalidValueError: the note is empty or too long.
        """
        require_length("note", note, most=NOTE_CHARACTERS)
        return self._changed(IncidentAnnotated(incident_id=self.id, by=by, via=via, at=at, note=note.strip()))

    @staticmethod
    def fold(events: Iterable[IncidentEvent]) -> "Incident":
        """The incident that its events tell of, oldest first. Promise P8: it equals the stored one, save for `version`.

        Raises:
            ValueError: the events do not begin with the triggering.
        """
        state: Incident | None = None
        for event in events:
            state = _opened(event) if isinstance(event, IncidentTriggered) else _after(state, event)
        if state is None:
            raise ValueError("an incident's events begin with incident.triggered")
        return state

    def _changed(self, event: IncidentEvent) -> Change[Self]:
        return Change(_after(self, event), (event,))


def _opened(event: IncidentTriggered) -> Incident:
    return Incident(
        id=event.incident_id,
        number=event.number,
        service_id=event.service_id,
        team_id=event.team_id,
        group_key=event.group_key,
        title=event.title,
        severity=event.severity,
        urgency=event.urgency,
        status=IncidentStatus.TRIGGERED,
        triggered_at=event.at,
    )


def _after[I: Incident](state: I | None, event: IncidentEvent) -> I:
    if state is None:
        raise ValueError("an incident's events begin with incident.triggered")
    match event:
        case IncidentAcknowledged():
            return replace(
                state, status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=event.at, acknowledged_by=event.by
            )
        case IncidentResolved():
            return replace(state, status=IncidentStatus.RESOLVED, resolved_at=event.at, resolved_by=event.by)
        case _:
            return state
