from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.stalled import stalled
from application.errors import NotFoundError
from application.ports.mailbox import MailboxMessage
from application.ports.page import Page
from application.ports.readers import (
    AcknowledgementRecord,
    AuditReader,
    AuditRecord,
    ChangeRecord,
    DeadLetterReader,
    DeadLetterRecord,
    DeliveryRecord,
    Follower,
    IncidentDetail,
    IncidentFilter,
    IncidentQuery,
    IncidentReader,
    IncidentRef,
    IncidentSummary,
    MailboxReader,
    NewestFirst,
    OldestFirst,
    PossibleCause,
    ResponderRecord,
    TimeKey,
)
from domain.alert.alert import Alert
from domain.incident.incident import Incident
from domain.notification.notification import Notification, Purpose
from domain.routing.dependency import Dependencies
from domain.shared.ids import IncidentId, ServiceId, UserId
from domain.shared.priority import priority_of
from domain.shared.severity import Severity


@dataclass(frozen=True, slots=True)
class MemoryIncidentReader(IncidentReader):
    session: MemorySession

    async def list(self, query: IncidentQuery) -> Page[IncidentSummary]:
        incidents = [each for each in self.session.database.incidents.values() if _passes(each, query.filter)]
        if (at := query.filter.stalled_at) is not None:
            ids = {each.id for each in stalled(self.session.database, at=at)}
            incidents = [each for each in incidents if each.id in ids]
        incidents.sort(key=_time_key, reverse=not query.oldest_first)
        if query.after is not None:
            after = query.after
            is_next: Callable[[Incident], bool] = (
                (lambda each: _time_key(each) > after) if query.oldest_first else (lambda each: _time_key(each) < after)
            )
            incidents = [each for each in incidents if is_next(each)]
        page = _page(incidents, query.limit)
        return Page(tuple(map(self._summary, page.items)), page.has_more)

    async def get(self, ref: IncidentRef) -> IncidentDetail:
        incident = self._incident(ref)
        service = self.session.database.services[incident.service_id]
        return IncidentDetail(
            summary=self._summary(incident),
            group_key=incident.group_key,
            service_description=service.description,
            runbook_url=service.runbook_url,
            may_be_caused_by=self._causes(incident) if incident.is_open else (),
            trace=self.session.database.traces.get(incident.id),
            group_window=incident.group_window,
            takes_alerts_until=self.session.database.joins_until.get(incident.id),
            followed_by=self._follower_of(incident),
        )

    def _follower_of(self, incident: Incident) -> Follower | None:
        if incident.followed_by is None:
            return None
        return Follower(incident.followed_by, self.session.database.incidents[incident.followed_by].number)

    def _causes(self, incident: Incident) -> tuple[PossibleCause, ...]:
        database = self.session.database
        open_ = [each for each in database.incidents.values() if each.is_open]
        worst = {each.service_id: each for each in sorted(open_, key=_worst_first, reverse=True)}
        graph = Dependencies(each for of in database.dependencies.values() for each in of)
        severities = {service_id: each.severity for service_id, each in worst.items()}
        ways = graph.causes(incident.service_id, severities)
        found = [(worst[way[-1]], tuple(database.services[each].name for each in way)) for way in ways]
        return tuple(
            PossibleCause(each.id, each.number, each.title, each.severity, each.service_id, names)
            for each, names in found
        )

    async def find(self, ref: IncidentRef) -> IncidentId:
        return self._incident(ref).id

    async def alerts(self, incident_id: IncidentId, request: OldestFirst) -> Page[Alert]:
        alerts = [each for each in self.session.database.alerts.values() if each.incident_id == incident_id]
        return _oldest_first(alerts, request, key=lambda alert: alert.id)

    async def deliveries(self, incident_id: IncidentId, request: OldestFirst) -> Page[DeliveryRecord]:
        stored = self.session.database.notifications.values()
        mine = [each for each in stored if each.incident_id == incident_id]
        page = _oldest_first(mine, request, key=lambda notification: notification.id)
        return Page(tuple(map(self._delivery, page.items)), page.has_more)

    async def pages_to(self, incident_id: IncidentId, user_id: UserId, *, limit: int) -> Page[DeliveryRecord]:
        stored = self.session.database.notifications.values()
        mine = [each for each in stored if (each.incident_id, each.user_id) == (incident_id, user_id)]
        pages = sorted((each for each in mine if each.purpose is Purpose.PAGE), key=lambda page: page.id)
        found = _page(pages, limit)
        return Page(tuple(map(self._delivery, found.items)), found.has_more)

    async def changes(
        self, service_id: ServiceId, *, since: datetime, until: datetime, limit: int
    ) -> tuple[ChangeRecord, ...]:
        database = self.session.database
        records = [
            ChangeRecord(
                id=change_id,
                service_id=service_id,
                occurred_at=change.occurred_at,
                summary=change.summary,
                source=change.source,
                details=change.details,
                links=change.links,
            )
            for change_id, integration_id, change in database.change_events
            if database.integrations[integration_id].service_id == service_id
            and change.occurred_at is not None
            and since <= change.occurred_at < until
        ]
        records.sort(key=lambda record: (record.occurred_at, record.id), reverse=True)
        return tuple(records[:limit])

    async def user_names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        users = self.session.database.users
        return {user_id: users[user_id].name for user_id in user_ids if user_id in users}

    def _incident(self, ref: IncidentRef) -> Incident:
        incidents = self.session.database.incidents
        if not isinstance(ref, int):
            incident = incidents.get(ref)
        else:
            incident = next((each for each in incidents.values() if each.number == ref), None)
        if incident is None:
            raise NotFoundError("incident", ref)
        return incident

    def _summary(self, incident: Incident) -> IncidentSummary:
        database = self.session.database
        runs = [run for run in database.runs.values() if run.incident_id == incident.id]
        newest_run = max(runs, key=lambda run: (run.started_at, run.id), default=None)
        return IncidentSummary(
            id=incident.id,
            number=incident.number,
            title=incident.title,
            severity=incident.severity,
            urgency=incident.urgency,
            priority=priority_of(incident.severity, tier=database.services[incident.service_id].tier),
            status=incident.status,
            service_id=incident.service_id,
            service_name=database.services[incident.service_id].name,
            team_id=incident.team_id,
            team_name=database.teams[incident.team_id].name,
            triggered_at=incident.triggered_at,
            acknowledged_at=incident.acknowledged_at,
            acknowledged_by=incident.acknowledged_by,
            acknowledged_by_name=self._name(incident.acknowledged_by),
            acknowledgements=tuple(
                AcknowledgementRecord(each.by, database.users[each.by].name, each.at)
                for each in incident.acknowledgements
            ),
            acknowledgements_required=incident.acknowledgements_required,
            acknowledgements_missing=incident.acknowledgements_missing,
            snoozed_until=incident.snoozed_until,
            responders=tuple(
                ResponderRecord(each.user_id, database.users[each.user_id].name, each.answer)
                for each in incident.responders
            ),
            resolved_at=incident.resolved_at,
            resolved_by=incident.resolved_by,
            resolved_by_name=self._name(incident.resolved_by),
            escalation=None if newest_run is None else newest_run.status,
            next_escalation_at=None if newest_run is None else newest_run.next_deadline,
            next_deadline=incident.next_deadline,
            version=incident.version,
            muted=incident.muted,
        )

    def _name(self, user_id: UserId | None) -> str | None:
        return None if user_id is None else self.session.database.users[user_id].name

    def _recipient_name(self, notification: Notification) -> str:
        database = self.session.database
        if notification.user_id is not None:
            return database.users[notification.user_id].name
        assert notification.destination_id is not None
        destination = database.destinations.get(notification.destination_id)
        return notification.address if destination is None else destination.name

    def _delivery(self, notification: Notification) -> DeliveryRecord:
        database = self.session.database
        attempts = [each for each in database.attempts if each.notification_id == notification.id]
        attempts.sort(key=lambda attempt: (attempt.started_at, attempt.number))
        return DeliveryRecord(
            notification=notification,
            recipient_name=self._recipient_name(notification),
            attempts=tuple(attempts),
        )


@dataclass(frozen=True, slots=True)
class MemoryDeadLetterReader(DeadLetterReader):
    session: MemorySession

    async def list(self, request: NewestFirst) -> Page[DeadLetterRecord]:
        integrations = self.session.database.integrations
        records = [
            DeadLetterRecord(
                id=letter.id,
                integration_id=letter.integration_id,
                integration_name=None if letter.integration_id is None else integrations[letter.integration_id].name,
                received_at=letter.received_at,
                source=letter.source,
                reason=letter.reason,
                body=letter.body,
            )
            for letter in self.session.database.dead_letters
        ]
        return _newest_first(records, request, key=lambda record: record.id)


@dataclass(frozen=True, slots=True)
class MemoryAuditReader(AuditReader):
    session: MemorySession

    async def list(self, request: NewestFirst, *, noun_id: UUID | None = None) -> Page[AuditRecord]:
        database = self.session.database
        records = [
            AuditRecord(entry=entry, actor_name=None if entry.actor_id is None else database.users[entry.actor_id].name)
            for entry in database.audit
            if noun_id in {None, entry.noun_id}
        ]
        return _newest_first(records, request, key=lambda record: record.entry.id)


@dataclass(frozen=True, slots=True)
class MemoryMailboxReader(MailboxReader):
    session: MemorySession

    async def list(self, request: NewestFirst) -> Page[MailboxMessage]:
        return _newest_first(self.session.database.mailbox, request, key=lambda message: message.id)


def _worst_first(incident: Incident) -> tuple[Severity, int]:
    return incident.severity, incident.number


def _passes(incident: Incident, wanted: IncidentFilter) -> bool:
    return (
        (not wanted.statuses or incident.status in wanted.statuses)
        and (not wanted.severities or incident.severity in wanted.severities)
        and wanted.service_id in {None, incident.service_id}
        and wanted.team_id in {None, incident.team_id}
        and (wanted.since is None or incident.triggered_at >= wanted.since)
        and (wanted.until is None or incident.triggered_at < wanted.until)
        and (wanted.acknowledged_by is None or incident.acknowledged_by == wanted.acknowledged_by)
    )


def _time_key(incident: Incident) -> TimeKey:
    return TimeKey(incident.triggered_at, incident.id)


def _oldest_first[T](rows: Iterable[T], request: OldestFirst, *, key: Callable[[T], UUID]) -> Page[T]:
    after = request.after
    return _page(sorted((row for row in rows if after is None or key(row) > after), key=key), request.limit)


def _newest_first[T](rows: Iterable[T], request: NewestFirst, *, key: Callable[[T], UUID]) -> Page[T]:
    before = request.before
    wanted = (row for row in rows if before is None or key(row) < before)
    return _page(sorted(wanted, key=key, reverse=True), request.limit)


def _page[T](rows: Sequence[T], limit: int) -> Page[T]:
    return Page(tuple(rows[:limit]), has_more=len(rows) > limit)
