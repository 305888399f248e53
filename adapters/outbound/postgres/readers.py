"""Lists and details, straight from the tables: one statement a read, compiled once, its rows made into what is shown.

Every list walks an index in the order that it is shown in and stops at its limit. The limit is part of the statement's
text, because for a limit that comes as a parameter PostgreSQL plans as if a tenth of the table were wanted.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.functions import coalesce

from adapters.outbound.postgres.alerts import alert_of
from adapters.outbound.postgres.dependencies import dependency_of
from adapters.outbound.postgres.group_keys import group_key_of
from adapters.outbound.postgres.incidents import incident_of
from adapters.outbound.postgres.notifications import notification_of
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.stalled import have_stalled, newest_run
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import (
    alerts,
    audit_entries,
    change_events,
    dead_letters,
    delivery_attempts,
    destinations,
    incidents,
    integrations,
    mailbox_messages,
    notifications,
    services,
    teams,
    users,
)
from application.errors import NotFoundError
from application.ports.mailbox import MailboxMessage
from application.ports.notifications import Attempt
from application.ports.notifier import Outcome
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
    IncidentQuery,
    IncidentReader,
    IncidentRef,
    IncidentSummary,
    MailboxReader,
    NewestFirst,
    OldestFirst,
    PossibleCause,
    ResponderRecord,
)
from domain.alert.alert import Alert
from domain.alert.alert_event import Link
from domain.audit.entry import AuditEntry
from domain.escalation.run import RunStatus
from domain.incident.incident import Incident, IncidentStatus
from domain.routing.dependency import Dependencies
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IncidentId, NotificationId, ServiceId, UserId
from domain.shared.priority import priority_of
from domain.shared.severity import Severity
from domain.shared.via import Via

# Callers rarely use more than a few limits and combinations of filters; those who do only cost themselves a compile.
_SHAPES_KEPT: Final = 256
_BIGINT_MAX: Final = 2**63 - 1
_OPEN: Final = frozenset({IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED})

_acknowledger = users.alias("acknowledger")
_resolver = users.alias("resolver")
_newest_run = newest_run()
_summary = (
    select(
        incidents,
        services.c.name.label("service_name"),
        services.c.tier,
        teams.c.name.label("team_name"),
        _acknowledger.c.name.label("acknowledged_by_name"),
        _resolver.c.name.label("resolved_by_name"),
        _newest_run.c.status.label("escalation"),
        _newest_run.c.next_deadline.label("next_escalation_at"),
    )
    .join(services, services.c.id == incidents.c.service_id)
    .join(teams, teams.c.id == incidents.c.team_id)
    .outerjoin(_acknowledger, _acknowledger.c.id == incidents.c.acknowledged_by)
    .outerjoin(_resolver, _resolver.c.id == incidents.c.resolved_by)
    .outerjoin(_newest_run, true())
)
_follower = incidents.alias("follower")
_detail = _summary.add_columns(
    services.c.description.label("service_description"),
    services.c.runbook_url,
    _follower.c.number.label("follower_number"),
).outerjoin(_follower, _follower.c.id == incidents.c.followed_by)

_DETAIL_BY_ID: Final = Statement(_detail.where(incidents.c.id == bindparam("ref")))
_DETAIL_BY_NUMBER: Final = Statement(_detail.where(incidents.c.number == bindparam("ref")))
_ID_BY_ID: Final = Statement(select(incidents.c.id).where(incidents.c.id == bindparam("ref")))
_ID_BY_NUMBER: Final = Statement(select(incidents.c.id).where(incidents.c.number == bindparam("ref")))
_USER_NAMES: Final = Statement(
    select(users.c.id, users.c.name).where(users.c.id == any_(bindparam("user_ids", type_=ARRAY(Uuid()))))
)
_ATTEMPTS: Final = Statement(
    select(delivery_attempts)
    .where(delivery_attempts.c.notification_id == any_(bindparam("notification_ids", type_=ARRAY(Uuid()))))
    .order_by(delivery_attempts.c.notification_id, delivery_attempts.c.started_at, delivery_attempts.c.number)
)

# From a service up, with the worst that is open of each: a UNION ends where it would go on in a circle.
_ABOVE: Final = """
WITH RECURSIVE above AS (
  SELECT * FROM service_dependencies WHERE service_id = $1
  UNION
  SELECT d.* FROM service_dependencies d JOIN above a ON d.service_id = a.upstream_id
)
SELECT a.*, s.name, o.name AS owner_name, i.id, i.number, i.title, i.severity FROM above a
JOIN services s ON s.id = a.upstream_id JOIN services o ON o.id = a.service_id
LEFT JOIN LATERAL (
  SELECT n.id, n.number, n.title, n.severity FROM incidents n
  WHERE n.service_id = a.upstream_id AND n.status <> 'resolved' ORDER BY n.severity, n.number LIMIT 1
) i ON true
ORDER BY a.service_id, a.place
"""

_ENDS: Final = (("service_id", "owner_name"), ("upstream_id", "name"))


class IncidentListShape(NamedTuple):
    """What of a query changes its statement; the rest are arguments."""

    limit: int
    oldest_first: bool
    is_continued: bool
    only_open: bool
    has_statuses: bool
    has_severities: bool
    has_service: bool
    has_team: bool
    has_since: bool
    has_until: bool
    has_acknowledged_by: bool
    is_stalled: bool


def shape_of(query: IncidentQuery) -> IncidentListShape:
    wanted = query.filter
    return IncidentListShape(
        limit=query.limit + 1,  # one more, to know whether there are more
        oldest_first=query.oldest_first,
        is_continued=query.after is not None,
        only_open=(bool(wanted.statuses) and wanted.statuses <= _OPEN) or wanted.stalled_at is not None,
        has_statuses=wanted.statuses not in (frozenset(), _OPEN),
        has_severities=bool(wanted.severities),
        has_service=wanted.service_id is not None,
        has_team=wanted.team_id is not None,
        has_since=wanted.since is not None,
        has_until=wanted.until is not None,
        has_acknowledged_by=wanted.acknowledged_by is not None,
        is_stalled=wanted.stalled_at is not None,
    )


@lru_cache(_SHAPES_KEPT)
def incident_list(shape: IncidentListShape) -> Statement:
    """The statement for a shape: only the conditions that were asked for, so that each has its own plan."""
    columns = incidents.c
    key = (columns.triggered_at, columns.id)
    after = tuple_(bindparam("after_at", type_=DateTime(timezone=True)), bindparam("after_id", type_=Uuid()))
    conditions: Sequence[tuple[bool, ColumnElement[bool]]] = (
        # Written out, because a parameter would keep the index of open incidents from being used.
        (shape.only_open, columns.status != literal_column("'resolved'", Text)),
        (shape.has_statuses, columns.status == any_(bindparam("statuses", type_=ARRAY(Text)))),
        (shape.has_severities, columns.severity == any_(bindparam("severities", type_=ARRAY(Text)))),
        (shape.has_service, columns.service_id == bindparam("service_id")),
        (shape.has_team, columns.team_id == bindparam("team_id")),
        (shape.has_since, columns.triggered_at >= bindparam("since")),
        (shape.has_until, columns.triggered_at < bindparam("until")),
        (shape.has_acknowledged_by, columns.acknowledged_by == bindparam("acknowledged_by")),
        (shape.is_stalled, have_stalled(_newest_run, bindparam("stalled_at", type_=DateTime(timezone=True)))),
        (shape.is_continued, tuple_(*key) > after if shape.oldest_first else tuple_(*key) < after),
    )
    order = key if shape.oldest_first else tuple(column.desc() for column in key)
    statement: Select[Any] = _summary.where(*(condition for is_asked, condition in conditions if is_asked))
    return Statement(statement.order_by(*order).limit(literal_column(str(shape.limit))))


def arguments_of(query: IncidentQuery) -> dict[str, object]:
    """The parameters of the query's statement."""
    wanted, shape = query.filter, shape_of(query)
    arguments: dict[str, object] = {
        "service_id": wanted.service_id,
        "team_id": wanted.team_id,
        "since": wanted.since,
        "until": wanted.until,
        "acknowledged_by": wanted.acknowledged_by,
        "stalled_at": wanted.stalled_at,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    if shape.has_statuses:
        given["statuses"] = sorted(wanted.statuses)
    if shape.has_severities:
        given["severities"] = sorted(wanted.severities)
    if query.after is not None:
        given["after_at"], given["after_id"] = query.after
    return given


@lru_cache(_SHAPES_KEPT)
def _alert_list(limit: int, *, is_continued: bool) -> Statement:
    statement = select(alerts).where(alerts.c.incident_id == bindparam("incident_id"))
    if is_continued:
        statement = statement.where(alerts.c.id > bindparam("after"))
    return Statement(statement.order_by(alerts.c.id).limit(literal_column(str(limit))))


@lru_cache(_SHAPES_KEPT)
def _delivery_list(limit: int, *, is_continued: bool) -> Statement:
    statement = (
        select(
            notifications,
            coalesce(users.c.name, destinations.c.name, notifications.c.address).label("recipient_name"),
        )
        .outerjoin(users, users.c.id == notifications.c.user_id)
        .outerjoin(destinations, destinations.c.id == notifications.c.destination_id)
        .where(notifications.c.incident_id == bindparam("incident_id"))
    )
    if is_continued:
        statement = statement.where(notifications.c.id > bindparam("after"))
    return Statement(statement.order_by(notifications.c.id).limit(literal_column(str(limit))))


@lru_cache(_SHAPES_KEPT)
def _page_list(limit: int) -> Statement:
    columns = notifications.c
    return Statement(
        select(notifications, users.c.name.label("recipient_name"))
        .join(users, users.c.id == columns.user_id)
        .where(
            columns.incident_id == bindparam("incident_id"),
            columns.user_id == bindparam("user_id"),
            columns.purpose == literal_column("'page'", Text),
        )
        .order_by(columns.id)
        .limit(literal_column(str(limit)))
    )


@lru_cache(_SHAPES_KEPT)
def _change_list(limit: int) -> Statement:
    columns = change_events.c
    return Statement(
        select(change_events)
        .where(
            columns.service_id == bindparam("service_id"),
            columns.occurred_at >= bindparam("since"),
            columns.occurred_at < bindparam("until"),
        )
        .order_by(columns.occurred_at.desc(), columns.id.desc())
        .limit(literal_column(str(limit)))
    )


@lru_cache(_SHAPES_KEPT)
def _dead_letter_list(limit: int, *, is_continued: bool) -> Statement:
    statement = select(dead_letters, integrations.c.name.label("integration_name")).outerjoin(
        integrations, integrations.c.id == dead_letters.c.integration_id
    )
    return _newest_first(statement, dead_letters.c.id, limit, is_continued=is_continued)


@lru_cache(_SHAPES_KEPT)
def _audit_list(limit: int, *, is_continued: bool, of_one: bool) -> Statement:
    statement = select(audit_entries, users.c.name.label("actor_name")).outerjoin(
        users, users.c.id == audit_entries.c.actor_id
    )
    if of_one:
        statement = statement.where(audit_entries.c.noun_id == bindparam("noun_id"))
    return _newest_first(statement, audit_entries.c.id, limit, is_continued=is_continued)


@lru_cache(_SHAPES_KEPT)
def _mailbox_list(limit: int, *, is_continued: bool) -> Statement:
    return _newest_first(select(mailbox_messages), mailbox_messages.c.id, limit, is_continued=is_continued)


def _newest_first(statement: Select[Any], key: ColumnElement[Any], limit: int, *, is_continued: bool) -> Statement:
    if is_continued:
        statement = statement.where(key < bindparam("before"))
    return Statement(statement.order_by(key.desc()).limit(literal_column(str(limit))))


def _follower_of(row: Row) -> Follower | None:
    number = row["follower_number"]
    return None if number is None else Follower(IncidentId(row["followed_by"]), number)


@dataclass(frozen=True, slots=True)
class PostgresIncidentReader(IncidentReader):
    session: PostgresSession

    async def list(self, query: IncidentQuery) -> Page[IncidentSummary]:
        rows = await self.session.rows(incident_list(shape_of(query)), **arguments_of(query))
        return Page(await self._summaries(rows[: query.limit]), has_more=len(rows) > query.limit)

    async def get(self, ref: IncidentRef) -> IncidentDetail:
        row = await self.session.row(_DETAIL_BY_NUMBER if isinstance(ref, int) else _DETAIL_BY_ID, ref=_storable(ref))
        if row is None:
            raise NotFoundError("incident", ref)
        (summary,) = await self._summaries([row])
        is_open = summary.status is not IncidentStatus.RESOLVED
        return IncidentDetail(
            summary=summary,
            group_key=group_key_of(row),
            service_description=row["service_description"],
            runbook_url=row["runbook_url"],
            may_be_caused_by=await self._causes(summary.service_id) if is_open else (),
            trace=row["trace"],
            group_window=msgspec.convert(row["group_window"], GroupWindow | None),
            takes_alerts_until=row["joins_until"],
            followed_by=_follower_of(row),
        )

    async def _causes(self, service_id: ServiceId) -> tuple[PossibleCause, ...]:
        rows = await self.session.fetch(_ABOVE, service_id)
        broken = {ServiceId(row["upstream_id"]): row for row in rows if row["id"] is not None}
        severities = {each: Severity(row["severity"]) for each, row in broken.items()}
        ways = Dependencies(map(dependency_of, rows)).causes(service_id, severities)
        names = {row[key]: row[name] for row in rows for key, name in _ENDS}
        return tuple(
            PossibleCause(
                IncidentId(broken[way[-1]]["id"]),
                broken[way[-1]]["number"],
                broken[way[-1]]["title"],
                severities[way[-1]],
                way[-1],
                tuple(names[each] for each in way),
            )
            for way in ways
        )

    async def find(self, ref: IncidentRef) -> IncidentId:
        row = await self.session.row(_ID_BY_NUMBER if isinstance(ref, int) else _ID_BY_ID, ref=_storable(ref))
        if row is None:
            raise NotFoundError("incident", ref)
        return IncidentId(row["id"])

    async def alerts(self, incident_id: IncidentId, request: OldestFirst) -> Page[Alert]:
        statement = _alert_list(request.limit + 1, is_continued=request.after is not None)
        rows = await self.session.rows(statement, incident_id=incident_id, **_given(after=request.after))
        return Page(tuple(map(alert_of, rows[: request.limit])), has_more=len(rows) > request.limit)

    async def deliveries(self, incident_id: IncidentId, request: OldestFirst) -> Page[DeliveryRecord]:
        statement = _delivery_list(request.limit + 1, is_continued=request.after is not None)
        rows = await self.session.rows(statement, incident_id=incident_id, **_given(after=request.after))
        return await self._records(rows, request.limit)

    async def pages_to(self, incident_id: IncidentId, user_id: UserId, *, limit: int) -> Page[DeliveryRecord]:
        rows = await self.session.rows(_page_list(limit + 1), incident_id=incident_id, user_id=user_id)
        return await self._records(rows, limit)

    async def _records(self, rows: Sequence[Row], limit: int) -> Page[DeliveryRecord]:
        shown = rows[:limit]
        attempts = await self._attempts([row["id"] for row in shown])
        records = tuple(
            DeliveryRecord(
                notification=notification_of(row),
                recipient_name=row["recipient_name"],
                attempts=attempts.get(row["id"], ()),
            )
            for row in shown
        )
        return Page(records, has_more=len(rows) > limit)

    async def changes(
        self, service_id: ServiceId, *, since: datetime, until: datetime, limit: int
    ) -> tuple[ChangeRecord, ...]:
        rows = await self.session.rows(_change_list(limit), service_id=service_id, since=since, until=until)
        return tuple(map(_change_from, rows))

    async def user_names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        rows = await self.session.rows(_USER_NAMES, user_ids=sorted(user_ids))
        return {UserId(row["id"]): row["name"] for row in rows}

    async def _summaries(self, rows: Sequence[Row]) -> tuple[IncidentSummary, ...]:
        """Names of those who share an incident are asked for once, and only when anybody does."""
        incidents_shown = [incident_of(row) for row in rows]
        people = {user_id for each in incidents_shown for user_id in each.answered_by}
        people |= {responder.user_id for each in incidents_shown for responder in each.responders}
        names = await self.user_names(people) if people else {}
        return tuple(_summary_from(row, each, names) for row, each in zip(rows, incidents_shown, strict=True))

    async def _attempts(self, notification_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Attempt, ...]]:
        if not notification_ids:
            return {}
        rows = await self.session.rows(_ATTEMPTS, notification_ids=notification_ids)
        by_notification = groupby(rows, key=lambda row: row["notification_id"])
        return {notification_id: tuple(map(_attempt_from, group)) for notification_id, group in by_notification}


@dataclass(frozen=True, slots=True)
class PostgresDeadLetterReader(DeadLetterReader):
    session: PostgresSession

    async def list(self, request: NewestFirst) -> Page[DeadLetterRecord]:
        statement = _dead_letter_list(request.limit + 1, is_continued=request.before is not None)
        rows = await self.session.rows(statement, **_given(before=request.before))
        return Page(tuple(map(_dead_letter_from, rows[: request.limit])), has_more=len(rows) > request.limit)


@dataclass(frozen=True, slots=True)
class PostgresAuditReader(AuditReader):
    session: PostgresSession

    async def list(self, request: NewestFirst, *, noun_id: UUID | None = None) -> Page[AuditRecord]:
        statement = _audit_list(request.limit + 1, is_continued=request.before is not None, of_one=noun_id is not None)
        rows = await self.session.rows(statement, **_given(before=request.before, noun_id=noun_id))
        return Page(tuple(map(_audit_from, rows[: request.limit])), has_more=len(rows) > request.limit)


@dataclass(frozen=True, slots=True)
class PostgresMailboxReader(MailboxReader):
    session: PostgresSession

    async def list(self, request: NewestFirst) -> Page[MailboxMessage]:
        statement = _mailbox_list(request.limit + 1, is_continued=request.before is not None)
        rows = await self.session.rows(statement, **_given(before=request.before))
        return Page(tuple(map(_message_from, rows[: request.limit])), has_more=len(rows) > request.limit)


def _given(**arguments: object) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}


def _storable(ref: IncidentRef) -> IncidentRef:
    """A number beyond the column's type names nothing, and must not become an error of the driver."""
    return -1 if isinstance(ref, int) and ref > _BIGINT_MAX else ref


def _summary_from(row: Row, incident: Incident, names: Mapping[UserId, str]) -> IncidentSummary:
    escalation = row["escalation"]
    return IncidentSummary(
        id=incident.id,
        number=incident.number,
        title=incident.title,
        severity=incident.severity,
        urgency=incident.urgency,
        priority=priority_of(incident.severity, tier=row["tier"]),
        status=incident.status,
        service_id=incident.service_id,
        service_name=row["service_name"],
        team_id=incident.team_id,
        team_name=row["team_name"],
        triggered_at=incident.triggered_at,
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_by_name=row["acknowledged_by_name"],
        acknowledgements=tuple(
            AcknowledgementRecord(each.by, names.get(each.by, ""), each.at) for each in incident.acknowledgements
        ),
        acknowledgements_required=incident.acknowledgements_required,
        acknowledgements_missing=incident.acknowledgements_missing,
        snoozed_until=incident.snoozed_until,
        responders=tuple(
            ResponderRecord(each.user_id, names.get(each.user_id, ""), each.answer) for each in incident.responders
        ),
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
        resolved_by_name=row["resolved_by_name"],
        escalation=None if escalation is None else RunStatus(escalation),
        next_escalation_at=row["next_escalation_at"],
        next_deadline=incident.next_deadline,
        version=incident.version,
        muted=incident.muted,
    )


def _attempt_from(row: Row) -> Attempt:
    return Attempt(
        notification_id=NotificationId(row["notification_id"]),
        incident_id=None if row["incident_id"] is None else IncidentId(row["incident_id"]),
        number=row["number"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=Outcome(row["outcome"]),
        detail=row["detail"],
    )


def _change_from(row: Row) -> ChangeRecord:
    return ChangeRecord(
        id=row["id"],
        service_id=ServiceId(row["service_id"]),
        occurred_at=row["occurred_at"],
        summary=row["summary"],
        source=row["source"],
        details=row["details"],
        links=_links(row["links"]),
    )


def _links(links: Sequence[Mapping[str, str]]) -> tuple[Link, ...]:
    return tuple(Link(href=link["href"], text=link.get("text", "")) for link in links)


def _dead_letter_from(row: Row) -> DeadLetterRecord:
    return DeadLetterRecord(
        id=row["id"],
        integration_id=row["integration_id"],
        integration_name=row["integration_name"],
        received_at=row["received_at"],
        source=row["source"],
        reason=row["reason"],
        body=row["body"],
    )


def _audit_from(row: Row) -> AuditRecord:
    entry = AuditEntry(
        id=row["id"],
        at=row["at"],
        action=row["action"],
        noun=row["noun"],
        noun_id=row["noun_id"],
        actor_id=row["actor_id"],
        via=Via(row["via"]),
        credential=row["credential"],
        address=row["address"],
        request_id=row["request_id"],
        before=row["before"],
        after=row["after"],
    )
    return AuditRecord(entry=entry, actor_name=row["actor_name"])


def _message_from(row: Row) -> MailboxMessage:
    return MailboxMessage(
        id=row["id"],
        sent_at=row["sent_at"],
        channel=row["channel"],
        address=row["address"],
        title=row["title"],
        body=row["body"],
        notification_id=NotificationId(row["notification_id"]),
        incident_id=None if row["incident_id"] is None else IncidentId(row["incident_id"]),
        acknowledge_url=row["acknowledge_url"],
    )
