"""How incidents and what belongs to them are shown over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from adapters import tracing
from adapters.inbound.http.group_windows import GroupWindowBody, window_body
from adapters.inbound.http.stream import position_text
from adapters.inbound.http.timeline_text import told
from application.incident.list_stalled import StalledIncident
from application.incident.timeline import destinations_in, people_in
from application.ports.event_log import LoggedEvent
from application.ports.notifications import Attempt
from application.ports.readers import (
    ChangeRecord,
    DeliveryRecord,
    Follower,
    IncidentDetail,
    IncidentSummary,
    PossibleCause,
)
from domain.alert.alert import Alert
from domain.alert.alert_event import Link
from domain.escalation.stall import StallReason
from domain.incident.mute import Mute, MuteKind
from domain.incident.responder import ResponderAnswer
from domain.notification.destination import masked
from domain.notification.notification import Notification
from domain.shared.ids import DestinationId, UserId
from domain.shared.priority import Priority


class NamedBody(msgspec.Struct):
    id: UUID
    name: str


class AcknowledgementBody(msgspec.Struct):
    user: NamedBody
    at: datetime


class AcknowledgementsBody(msgspec.Struct):
    """Since it was last triggered. Until none is missing it goes on paging those who have not acknowledged."""

    given: list[AcknowledgementBody]
    required: int  # by so many different people
    missing: int


class ResponderBody(msgspec.Struct):
    user: NamedBody
    answer: ResponderAnswer


class MuteBody(msgspec.Struct):
    """Why nobody is paged. At `until` whatever still fires pages; null: for as long as the incident is open."""

    kind: MuteKind
    by: str  # which rule or silence: its name or id
    reason: str
    until: datetime | None

    @classmethod
    def of(cls, mute: Mute) -> Self:
        return cls(kind=mute.kind, by=mute.by, reason=mute.reason, until=mute.until)


class IncidentBody(msgspec.Struct):
    id: UUID
    number: int
    reference: str  # INC-123: can be used wherever an incident's id can
    title: str
    severity: str
    urgency: str
    priority: Priority  # the severity, moved by the tier of the service
    status: str
    service: NamedBody
    team: NamedBody
    triggered_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: NamedBody | None
    acknowledgements: AcknowledgementsBody
    snoozed_until: datetime | None
    responders: list[ResponderBody]  # who was asked to help
    resolved_at: datetime | None
    resolved_by: NamedBody | None
    escalation: str | None  # running, stopped, exhausted
    next_escalation_at: datetime | None
    muted: MuteBody | None  # what holds its pages back, or did when it was resolved
    version: int

    @classmethod
    def of(cls, incident: IncidentSummary) -> Self:
        return cls(**_common(incident))


class StalledIncidentBody(IncidentBody):
    reason: StallReason
    explanation: str

    @classmethod
    def of_stalled(cls, stalled: StalledIncident) -> Self:
        return cls(**_common(stalled.incident), reason=stalled.reason, explanation=stalled.reason.sentence)


class PossibleCauseBody(msgspec.Struct):
    """An open incident of a service that this one's needs, directly or by way of others."""

    id: UUID
    reference: str
    title: str
    severity: str
    service: NamedBody
    way: list[str]  # the names of the services from this one up to it

    @classmethod
    def of(cls, cause: PossibleCause) -> Self:
        return cls(
            id=cause.incident_id,
            reference=f"INC-{cause.number}",
            title=cause.title,
            severity=cause.severity,
            service=NamedBody(cause.service_id, cause.way[-1]),
            way=list(cause.way),
        )


class FollowerBody(msgspec.Struct):
    """The incident that takes the alerts of a group once the window of the one before is over."""

    id: UUID
    reference: str

    @classmethod
    def of(cls, follower: Follower | None) -> Self | None:
        return None if follower is None else cls(follower.incident_id, f"INC-{follower.number}")


class IncidentDetailBody(IncidentBody):
    group_key: str
    group_window: GroupWindowBody | None  # for how long it takes further alerts of its group; null: while it is open
    takes_alerts_until: datetime | None  # when that ends, or did; of a rolling one later with each that joins
    followed_by: FollowerBody | None  # what takes them since
    service_description: str
    runbook_url: str | None
    may_be_caused_by: list[PossibleCauseBody]  # the nearest that are open now
    trace_id: Annotated[str | None, Meta(description="Of the trace that leads from its first event to its pages.")]

    @classmethod
    def of_detail(cls, detail: IncidentDetail) -> Self:
        return cls(
            **_common(detail.summary),
            group_key=detail.group_key,
            group_window=window_body(detail.group_window),
            takes_alerts_until=detail.takes_alerts_until,
            followed_by=FollowerBody.of(detail.followed_by),
            service_description=detail.service_description,
            runbook_url=detail.runbook_url,
            may_be_caused_by=[PossibleCauseBody.of(each) for each in detail.may_be_caused_by],
            trace_id=tracing.trace_id_of(detail.trace),
        )


def _common(incident: IncidentSummary) -> dict[str, Any]:
    return {
        "id": incident.id,
        "number": incident.number,
        "reference": f"INC-{incident.number}",
        "title": incident.title,
        "severity": incident.severity,
        "urgency": incident.urgency,
        "priority": incident.priority,
        "status": incident.status,
        "service": NamedBody(incident.service_id, incident.service_name),
        "team": NamedBody(incident.team_id, incident.team_name),
        "triggered_at": incident.triggered_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": _person(incident.acknowledged_by, incident.acknowledged_by_name),
        "acknowledgements": AcknowledgementsBody(
            given=[
                AcknowledgementBody(NamedBody(each.user_id, each.name), each.at) for each in incident.acknowledgements
            ],
            required=incident.acknowledgements_required,
            missing=incident.acknowledgements_missing,
        ),
        "snoozed_until": incident.snoozed_until,
        "responders": [ResponderBody(NamedBody(each.user_id, each.name), each.answer) for each in incident.responders],
        "resolved_at": incident.resolved_at,
        "resolved_by": _person(incident.resolved_by, incident.resolved_by_name),
        "escalation": incident.escalation,
        "next_escalation_at": incident.next_escalation_at,
        "muted": None if incident.muted is None else MuteBody.of(incident.muted),
        "version": incident.version,
    }


def _person(user_id: UserId | None, name: str | None) -> NamedBody | None:
    return None if user_id is None or name is None else NamedBody(user_id, name)


class TimelineEntryBody(msgspec.Struct):
    position: str  # orders the entries; the stream's ids are the same ones
    kind: str
    at: datetime
    text: str  # one sentence for people
    data: dict[str, Any]
    people: dict[str, str]  # the name of everyone in `data`, by id
    destinations: dict[str, str]  # and of every destination

    @classmethod
    def of(cls, logged: LoggedEvent, names: Mapping[UserId, str], destinations: Mapping[DestinationId, str]) -> Self:
        event = logged.event
        return cls(
            position=position_text(logged.position),
            kind=event.kind,
            at=event.at,
            text=told(event, names, destinations),
            data=msgspec.to_builtins(event),
            people={str(user_id): names[user_id] for user_id in people_in(event) if user_id in names},
            destinations={str(each): destinations[each] for each in destinations_in(event) if each in destinations},
        )


class LinkBody(msgspec.Struct):
    href: str
    text: str

    @classmethod
    def of(cls, link: Link) -> Self:
        return cls(link.href, link.text)


class AlertBody(msgspec.Struct):
    id: UUID
    integration_id: UUID
    dedup_key: str
    group_key: str
    status: str
    summary: str
    source: str
    severity: str
    first_seen_at: datetime
    last_seen_at: datetime
    starts_at: datetime | None
    cleared_at: datetime | None
    expires_at: datetime | None
    silent_since: datetime | None
    is_flapping: bool  # its end is believed only when it has been quiet
    occurrences: int
    labels: dict[str, str]
    details: dict[str, Any]
    links: list[LinkBody]
    event_id: UUID | None  # what it began with; see /v1/events/{event_id}/explanation

    @classmethod
    def of(cls, alert: Alert) -> Self:
        return cls(
            id=alert.id,
            integration_id=alert.integration_id,
            dedup_key=alert.dedup_key,
            group_key=alert.group_key,
            status=alert.status,
            summary=alert.summary,
            source=alert.source,
            severity=alert.severity,
            first_seen_at=alert.first_seen_at,
            last_seen_at=alert.last_seen_at,
            starts_at=alert.starts_at,
            cleared_at=alert.cleared_at,
            expires_at=alert.expires_at,
            silent_since=alert.silent_since,
            is_flapping=alert.is_flapping,
            occurrences=alert.occurrences,
            labels=dict(alert.labels),
            details=dict(alert.details),
            links=[LinkBody.of(link) for link in alert.links],
            event_id=alert.event_id,
        )


class AttemptBody(msgspec.Struct):
    number: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    detail: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(attempt.number, attempt.started_at, attempt.finished_at, attempt.outcome, attempt.detail)


class DeliveryBody(msgspec.Struct):
    """One line of the ledger: who was to be told, and every try to do so."""

    id: UUID
    purpose: str
    user: NamedBody | None  # null for a destination
    destination: NamedBody | None
    channel: str
    address: str  # of what is posted to a destination's URL the server alone
    status: str
    round: int  # counted from 1, as people do
    step: int  # counted from 1
    created_at: datetime
    next_attempt_at: datetime | None
    may_be_repeat: bool
    was_overtaken: bool
    receipt: dict[str, str]
    attempts: list[AttemptBody]

    @classmethod
    def of(cls, record: DeliveryRecord) -> Self:
        notification = record.notification
        return cls(
            id=notification.id,
            purpose=notification.purpose,
            user=_person(notification.user_id, record.recipient_name),
            destination=_destination(record),
            channel=notification.channel,
            address=_shown_address(notification),
            status=notification.status,
            round=notification.round + 1,
            step=notification.step + 1,
            created_at=notification.created_at,
            next_attempt_at=notification.next_deadline,
            may_be_repeat=notification.may_be_repeat,
            was_overtaken=notification.was_overtaken,
            receipt=dict(notification.receipt),
            attempts=[AttemptBody.of(attempt) for attempt in record.attempts],
        )


def _destination(record: DeliveryRecord) -> NamedBody | None:
    destination_id = record.notification.destination_id
    return None if destination_id is None else NamedBody(destination_id, record.recipient_name)


def _shown_address(notification: Notification) -> str:
    is_of_destination = notification.destination_id is not None
    return masked(notification.channel, notification.address) if is_of_destination else notification.address


class ChangeBody(msgspec.Struct):
    id: UUID
    occurred_at: datetime
    summary: str
    source: str
    details: dict[str, Any]
    links: list[LinkBody]

    @classmethod
    def of(cls, change: ChangeRecord) -> Self:
        return cls(
            id=change.id,
            occurred_at=change.occurred_at,
            summary=change.summary,
            source=change.source,
            details=dict(change.details),
            links=[LinkBody.of(link) for link in change.links],
        )
