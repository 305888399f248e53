"""Opsgenie's Alert API at its own paths: `/v2/alerts`, and the same below `/opsgenie`.

Opsgenie answers every write with 202 and a request id, by which its outcome is asked for afterwards. Here it is done
by then: the answer comes after the commit, and what could not be done is told by the request's status. Only while
storage is away, and a spill keeps what is asked for, it is done later; its status is not found until then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import unquote
from uuid import UUID

import msgspec
import structlog

from adapters import tracing
from adapters.inbound.http.answer import Answer
from adapters.inbound.http.asgi import App, Receive, Scope, Send
from adapters.inbound.http.door import Refused, answer_or_excuse, header, read_body, send_answer
from adapters.inbound.http.intake import SetAside
from adapters.inbound.intake import clean, opsgenie
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.sent import form
from adapters.inbound.intake.targets import Targets
from application.ports.alert_requests import (
    AlertOrder,
    AlertRef,
    AlertRequest,
    NamedBy,
    ReceivedRequest,
    ReportedAlert,
    RequestedAction,
)
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget, RawEvent
from domain.alert.alert import Alert, AlertStatus
from domain.alert.alert_event import AlertSeverity
from domain.incident.incident import IncidentStatus
from domain.shared.ids import IntegrationId

# Its longest members together: a note of 25,000 characters, a description of 15,000, details of 8,000, escaped.
LIMIT_BYTES: Final = 512 * 1024
# Each is a transaction of its own; more at once would take the connections that everything else needs.
AT_ONCE: Final = 4
DOOR: Final = "opsgenie"
SCHEME: Final = "geniekey"

_PATH: Final = "/v2/alerts"
_PREFIXES: Final = ("", "/opsgenie")
_NAMED_BY: Final = {"id": NamedBy.ID, "alias": NamedBy.ALIAS, "tiny": NamedBy.NUMBER}
ACTIONS: Final = {
    ("POST", "acknowledge"): RequestedAction.ACKNOWLEDGE,
    ("POST", "close"): RequestedAction.CLOSE,
    ("POST", "notes"): RequestedAction.ADD_NOTE,
    # Alertmanager sends these two with every repeat when it is told to update alerts, and would fail with them.
    ("PUT", "message"): RequestedAction.UPDATE,
    ("PUT", "description"): RequestedAction.UPDATE,
    ("PUT", "priority"): RequestedAction.UPDATE,
    ("POST", "tags"): RequestedAction.UPDATE,
    ("POST", "details"): RequestedAction.UPDATE,
}
_PRIORITIES: Final = {
    AlertSeverity.CRITICAL: "P1",
    AlertSeverity.ERROR: "P2",
    AlertSeverity.WARNING: "P3",
    AlertSeverity.INFO: "P4",
}

type Handle = Callable[[ReceivedRequest], Awaitable[AlertRequest]]
type FindAlert = Callable[[IntegrationId, AlertRef], Awaitable[ReportedAlert | None]]
type FindRequest = Callable[[IntegrationId, UUID], Awaitable[AlertRequest | None]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OpsgenieDoor:
    """An ASGI application that speaks Opsgenie, and hands every other request to `app`."""

    app: App
    targets: Targets
    allowances: Allowances
    commits: GroupCommit  # whose spill takes requests while storage is away
    handle: Handle
    find_alert: FindAlert
    find_request: FindRequest
    set_aside: SetAside
    clock: Clock
    ids: IdFactory
    metrics: IntakeMetrics
    name: str = DOOR
    limit_bytes: int = LIMIT_BYTES
    throttled: HTTPStatus = HTTPStatus.TOO_MANY_REQUESTS  # its clients and Alertmanager's receiver come again
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        segments = _segments(scope) if scope["type"] == "http" else None
        if segments is None:
            await self.app(scope, receive, send)
            return
        await send_answer(send, await answer_or_excuse(self, self._answer(scope, receive, segments), self.metrics))

    def refusal(self, status: HTTPStatus, reason: str, *, retry_after_seconds: int | None = None) -> Answer:
        said = self._said(status, self.clock.now(), self.ids.new(), message=reason)
        return said._replace(retry_after_seconds=retry_after_seconds)

    async def _answer(self, scope: Scope, receive: Receive, segments: tuple[str, ...]) -> Answer:
        asked_at, request_id = self.clock.now(), self.ids.new()
        body = await read_body(scope, receive, self)
        target = await self._target(scope)
        await self.allowances.spend(target.integration, 1)  # for a question too, which costs a look into storage
        try:
            match scope["method"], segments:
                case "GET", ("requests", wanted):
                    return await self._status_of(target, wanted, asked_at, request_id)
                case "GET", (name,) if name != "count":
                    return await self._alert(target, _ref(scope, name), asked_at, request_id)
            order = self._order(scope, segments, body)
        except MalformedEventError as error:
            if scope["method"] != "GET":
                await self.set_aside(body, reason=str(error), source="http", integration_id=target.integration.id)
            fields = {each.pointer.lstrip("/") or "body": each.reason for each in error.errors}
            message = "Request body is not processable. Please check the errors."
            return self._said(HTTPStatus.UNPROCESSABLE_ENTITY, asked_at, request_id, message=message, errors=fields)
        raw = RawEvent(
            id=request_id,
            integration_id=target.integration.id,
            received_at=asked_at,
            format=DOOR,
            body=body if order.event is not None else _with_its_path(order, body),
            trace=tracing.here(),
        )
        async with self._turns:
            await self._keep(ReceivedRequest(target, order, raw))
        self.metrics.stored(DOOR).inc()
        return self._said(HTTPStatus.ACCEPTED, asked_at, request_id, result="Request will be processed")

    async def _keep(self, received: ReceivedRequest) -> None:
        """Raises `TransientPortError` when nothing takes it."""

        async def store() -> None:
            await self.handle(received)

        await self.commits.keep(store, lambda spill: spill.put_request(received))

    async def _target(self, scope: Scope) -> IntakeTarget:
        scheme, _, key = (header(scope, b"authorization") or "").partition(" ")
        target = await self.targets.of(key.strip()) if scheme.lower() == SCHEME else None
        if target is None or target.integration.takes_only_signed:  # here nobody signs
            reason = "Could not authenticate: send the integration's key as 'Authorization: GenieKey <key>'."
            raise Refused(self.refusal(HTTPStatus.UNAUTHORIZED, reason))
        return target

    def _order(self, scope: Scope, segments: tuple[str, ...], body: bytes) -> AlertOrder:
        """Raises `MalformedEventError`, `Refused`."""
        method = scope["method"]
        if method == "POST" and not segments:
            created = opsgenie.create(body, new_key=lambda: str(self.ids.new()))
            ref = AlertRef(NamedBy.ALIAS, created.event.dedup_key)
            return AlertOrder(action=RequestedAction.CREATE, ref=ref, event=created.event, note=created.note)
        action = ACTIONS.get((method, segments[1])) if len(segments) == 2 else None
        if action is None:
            reason = f"Tocsin does not offer '{method} {'/'.join((_PATH, *segments[1:]))}'."
            raise Refused(self.refusal(HTTPStatus.UNPROCESSABLE_ENTITY, reason))
        is_note = action is RequestedAction.ADD_NOTE
        note = "" if action is RequestedAction.UPDATE else opsgenie.note_of(body, is_required=is_note)
        return AlertOrder(action=action, ref=_ref(scope, segments[0]), note=note)

    async def _alert(self, target: IntakeTarget, ref: AlertRef, asked_at: datetime, request_id: UUID) -> Answer:
        found = await self.find_alert(target.integration.id, ref)
        if found is None:
            return self._said(HTTPStatus.NOT_FOUND, asked_at, request_id, message="Alert does not exist")
        return self._said(HTTPStatus.OK, asked_at, request_id, data=_shown(found, target))

    async def _status_of(self, target: IntakeTarget, wanted: str, asked_at: datetime, request_id: UUID) -> Answer:
        known = _uuid(wanted)
        found = None if known is None else await self._request(target, known)
        if found is None:
            message = "Request not found. It might not be processed, yet."
            return self._said(HTTPStatus.NOT_FOUND, asked_at, request_id, message=message)
        data = {
            "success": found.is_success,
            "isSuccess": found.is_success,
            "action": found.action,
            "processedAt": _time(found.requested_at),
            "integrationId": found.integration_id,
            "status": found.outcome,
            "alertId": "" if found.alert_id is None else str(found.alert_id),
            "alias": found.alias or "",
        }
        return self._said(HTTPStatus.OK, asked_at, found.id, data=data)

    async def _request(self, target: IntakeTarget, request_id: UUID) -> AlertRequest | None:
        """Raises `TransientPortError`, unless it may be one that waits for storage."""
        try:
            return await self.find_request(target.integration.id, request_id)
        except TransientPortError:
            if not self.commits.is_spilling:
                raise
            return None

    def _said(self, status: HTTPStatus, asked_at: datetime, request_id: UUID, **members: object) -> Answer:
        took = round((self.clock.now() - asked_at).total_seconds(), 3)
        return Answer(status, msgspec.json.encode({**members, "took": took, "requestId": request_id}))


class _Named(NamedTuple):
    """How an order's path named the alert, kept beside its body: the body alone does not say."""

    action: str
    identifier: str
    identifier_type: str


def _with_its_path(order: AlertOrder, body: bytes) -> bytes:
    named = _Named(order.action, order.ref.name, order.ref.by)
    return msgspec.json.encode({**named._asdict(), "body": body.decode("utf-8", "replace")})


def _segments(scope: Scope) -> tuple[str, ...] | None:
    """What follows `/v2/alerts`, each part decoded by itself: an alias may hold a slash. None: another path."""
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0].rstrip("/")
    for prefix in _PREFIXES:
        rest = path.removeprefix(prefix + _PATH)
        if path.startswith(prefix + _PATH) and rest[:1] in ("", "/"):
            return tuple(unquote(part) for part in rest.split("/")[1:])
    return None


def _ref(scope: Scope, name: str) -> AlertRef:
    """Raises `MalformedEventError`: an alias that is too long."""
    query = form(scope.get("query_string", b"").decode("latin-1"))
    by = _NAMED_BY.get(clean.scalar(query.get("identifierType", "id")).lower(), NamedBy.ID)
    name = clean.text(name)  # as it was when the alert was created
    return AlertRef(by, opsgenie.key_of(name) if by is NamedBy.ALIAS else name)


def _shown(found: ReportedAlert, target: IntakeTarget) -> dict[str, object]:
    alert = found.alert
    details = alert.details.get("details")
    return {
        "id": str(alert.id),
        "tinyId": str(found.number),
        "alias": alert.dedup_key,
        "message": alert.summary,
        "status": "open" if alert.status is AlertStatus.FIRING else "closed",
        "acknowledged": found.incident_status is IncidentStatus.ACKNOWLEDGED,
        "isSeen": found.incident_status is not IncidentStatus.TRIGGERED,
        "snoozed": False,
        "count": alert.occurrences,
        "createdAt": _time(alert.first_seen_at),
        "updatedAt": _time(_updated_at(alert)),
        "lastOccurredAt": _time(alert.last_seen_at),
        "source": alert.source,
        "owner": "",
        "priority": _PRIORITIES[alert.severity],
        "tags": alert.details.get("tags", []),
        "responders": alert.details.get("responders", []),
        "actions": alert.details.get("actions", []),
        "entity": alert.labels.get("entity", ""),
        "description": alert.details.get("description", ""),
        "details": details if isinstance(details, dict) else {},
        "integration": {"id": str(target.integration.id), "name": target.integration.name, "type": "API"},
    }


def _updated_at(alert: Alert) -> datetime:
    return alert.last_seen_at if alert.cleared_at is None else max(alert.cleared_at, alert.last_seen_at)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
