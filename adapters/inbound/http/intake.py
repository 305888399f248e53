"""The doors for events: plain ASGI in front of everything else, because they carry the storms.

Each answers as its sender expects (the vendor's own shapes at the vendor's paths), and only after the commit. Whoever
sends too much is told 429 with `Retry-After` if its protocol knows it, else 503: Alertmanager's webhook does not retry
a 429.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog

from adapters import tracing
from adapters.inbound.http.answer import Answer, in_json
from adapters.inbound.http.asgi import App, Receive, Scope, Send
from adapters.inbound.http.door import Refused, answer_or_excuse, header, headers_of, read_body, send_answer
from adapters.inbound.http.senders import Addressed, Sender, addressed
from adapters.inbound.intake import native, pagerduty
from adapters.inbound.intake.alertmanager import REPLICA_LABELS
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.intake.kept_headers import kept_headers
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.redact import redacted
from adapters.inbound.intake.sent import Sent, Understood
from adapters.inbound.intake.targets import Targets
from application.alert.routed import received_in
from application.ports.clock import Clock
from application.ports.errors import PermanentPortError
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget, RawEvent
from application.ports.vault import Vault
from domain.alert.alert_event import AlertEvent, ChangeEvent
from domain.shared.ids import IntegrationId

# PagerDuty's senders cut at 512,000 bytes; its limit is 512 KB.
PAGERDUTY_BYTES: Final = 524_288
NATIVE_BYTES: Final = 5 * 1024 * 1024
# A longer body takes milliseconds to translate, which nobody else on the loop should wait for.
QUICK_BYTES: Final = 100_000

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

_log = structlog.get_logger()


class SetAside(Protocol):
    async def __call__(
        self,
        body: bytes,
        *,
        reason: str,
        source: str,
        integration_id: IntegrationId | None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None: ...


class RecordChange(Protocol):
    async def __call__(self, target: IntakeTarget, change: ChangeEvent) -> UUID: ...


@dataclass(frozen=True, slots=True)
class IntakeDoors:
    """An ASGI application that takes events, and hands every other request to `app`."""

    app: App
    targets: Targets
    allowances: Allowances
    commits: GroupCommit
    set_aside: SetAside
    record_change: RecordChange
    vault: Vault
    clock: Clock
    ids: IdFactory
    metrics: IntakeMetrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = _door_of(scope) if scope["type"] == "http" else None
        if door is None:
            await self.app(scope, receive, send)
            return
        await send_answer(send, await answer_or_excuse(door, self._answer(door, scope, receive), self.metrics))

    async def _answer(self, door: "_Door", scope: Scope, receive: Receive) -> Answer:
        if scope["method"] == "OPTIONS" and door.addressed is not None and door.addressed.sender.handshake is not None:
            return door.addressed.sender.handshake(headers_of(scope))
        if scope["method"] not in door.methods:
            methods = ", ".join(sorted(door.methods))
            refusal = door.refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"send events with {methods}")
            raise Refused(refusal._replace(headers=((b"allow", methods.encode()),)))
        body = await read_body(scope, receive, door)
        if door.addressed is not None:
            return await self._addressed(door.addressed, body, scope)
        match door.name:
            case "pagerduty":
                return await self._pagerduty(body, scope)
            case "pagerduty_change":
                return await self._pagerduty_change(body, scope)
            case _:
                return await self._native(body, scope)

    async def _pagerduty(self, body: bytes, scope: Scope) -> Answer:
        sent_key = header(scope, b"x-routing-key")
        try:
            key, event = pagerduty.translate(body, new_key=self._new_key, header_routing_key=sent_key)
            target = await self._target(key)
            if target.integration.is_strict:
                pagerduty.translate(body, new_key=self._new_key, header_routing_key=sent_key, strict=True)
        except MalformedEventError as error:
            await self._keep_malformed(error.routing_key, body, error)
            return Answer(HTTPStatus.BAD_REQUEST, pagerduty.refused(error))
        await self.allowances.spend(target.integration, 1)
        await self._store("pagerduty", target, (event,), redacted(body, key))
        return Answer(HTTPStatus.ACCEPTED, pagerduty.accepted(event.dedup_key))

    async def _pagerduty_change(self, body: bytes, scope: Scope) -> Answer:
        try:
            key, change = pagerduty.translate_change(body, header_routing_key=header(scope, b"x-routing-key"))
        except MalformedEventError as error:
            await self._keep_malformed(error.routing_key, body, error)
            return Answer(HTTPStatus.BAD_REQUEST, pagerduty.refused(error))
        target = await self._target(key)
        await self.allowances.spend(target.integration, 1)
        change_id = await self.record_change(target, change)
        self.metrics.stored("pagerduty_change").inc()
        return Answer(HTTPStatus.ACCEPTED, pagerduty.change_accepted(str(change_id)))

    async def _addressed(self, addressed: Addressed, body: bytes, scope: Scope) -> Answer:
        sender, key = addressed
        target = await self.targets.of(key)
        if target is None:
            raise Refused(in_json(HTTPStatus.UNAUTHORIZED, error="no integration has this key"))
        sent = Sent(
            body=body,
            received_at=self.clock.now(),
            headers=headers_of(scope),
            query=scope.get("query_string", b"").decode("latin-1"),
            grouping=target.integration.grouping,
            ignore_labels=REPLICA_LABELS,
            mapping=target.integration.mapping,
        )
        kept, headers = _kept(sent, key), kept_headers(sent.headers, sender.reads, key=key)
        if not self._is_as_signed(sender, sent, target):
            reason = "it is not signed with the integration's signing secret"
            if await self.allowances.may_keep_unsigned(target.integration):
                await self._keep_refused(target, kept, headers, reason)
            raise Refused(in_json(HTTPStatus.UNAUTHORIZED, error=reason))
        try:
            understood = await _understood(sender, sent)
        except MalformedEventError as error:
            await self.allowances.spend(target.integration, 1)
            await self._keep_refused(target, kept, headers, str(error))
            return sender.malformed(error)
        await self.allowances.spend(target.integration, len(understood.events))
        if understood.refused:
            await self._keep_refused(target, kept, headers, str(MalformedEventError(understood.refused)))
        await self._store(sender.name, target, understood.events, kept, headers)
        return sender.accepted(understood)

    def _is_as_signed(self, sender: Sender, sent: Sent, target: IntakeTarget) -> bool:
        integration = target.integration
        if not integration.takes_only_signed:
            return True
        if sender.is_signed is None:
            return False
        sealed = integration.signing_secrets(at=sent.received_at)
        try:
            secrets = [self.vault.open(each, owner=integration.id) for each in sealed]
        except PermanentPortError as error:
            _log.error("signing_secret_unreadable", integration_id=str(integration.id), reason=str(error))
            return False
        return sender.is_signed(sent, secrets)

    async def _keep_refused(self, target: IntakeTarget, body: bytes, headers: Mapping[str, str], reason: str) -> None:
        integration_id = target.integration.id
        await self.set_aside(body, reason=reason, source="http", integration_id=integration_id, headers=headers)

    async def _native(self, body: bytes, scope: Scope) -> Answer:
        scheme, _, key = (header(scope, b"authorization") or "").partition(" ")
        target = await self.targets.of(key.strip()) if scheme.lower() == "bearer" else None
        if target is None or target.integration.takes_only_signed:  # here nobody signs
            raise Refused(
                _problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", "send the integration's key as a bearer token")
            )
        try:
            events = native.translate(body, new_key=self._new_key)
        except MalformedEventError as error:
            await self.allowances.spend(target.integration, 1)
            await self.set_aside(body, reason=str(error), source="http", integration_id=target.integration.id)
            return _malformed(error)
        await self.allowances.spend(target.integration, len(events))
        await self._store("native", target, events, body)
        return in_json(
            HTTPStatus.ACCEPTED, status="accepted", events=[{"dedup_key": event.dedup_key} for event in events]
        )

    async def _store(
        self,
        door: str,
        target: IntakeTarget,
        events: tuple[AlertEvent, ...],
        body: bytes,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        """Returns after the commit."""
        raw = RawEvent(
            id=self.ids.new(),
            integration_id=target.integration.id,
            received_at=self.clock.now(),
            format=door,
            body=body,
            trace=tracing.here(),
            headers=headers,
        )
        if events:
            await self.commits.store(received_in(raw, events, target))
        self.metrics.stored(door).inc(len(events))

    async def _target(self, key: str) -> IntakeTarget:
        target = await self.targets.of(key)
        if target is None or target.integration.takes_only_signed:  # here nobody signs
            raise Refused(Answer(HTTPStatus.UNAUTHORIZED, pagerduty.invalid(["no integration has this 'routing_key'"])))
        return target

    async def _keep_malformed(self, key: str | None, body: bytes, error: MalformedEventError) -> None:
        """Senders swallow a refusal into a log that nobody reads; with a key of ours it is worth showing."""
        target = None if key is None else await self.targets.of(key)
        if target is not None and key is not None:
            await self.allowances.spend(target.integration, 1)
            await self.set_aside(
                redacted(body, key), reason=str(error), source="http", integration_id=target.integration.id
            )

    def _new_key(self) -> str:
        return str(self.ids.new())


@dataclass(frozen=True, slots=True)
class _Door:
    name: str
    limit_bytes: int
    speaks_pagerduty: bool = False
    methods: frozenset[str] = frozenset({"POST"})
    addressed: Addressed | None = None  # for the senders of the table

    @property
    def throttled(self) -> HTTPStatus:
        return HTTPStatus.TOO_MANY_REQUESTS if self.addressed is None else self.addressed.sender.throttled

    def refusal(self, status: HTTPStatus, reason: str, *, retry_after_seconds: int | None = None) -> Answer:
        if self.speaks_pagerduty:
            return Answer(status, _in_pagerduty_words(status, reason, retry_after_seconds), retry_after_seconds)
        said = _problem(status, _CODES.get(status, "refused"), reason)
        answer = said if self.name == "native" else in_json(status, error=reason)
        return answer._replace(retry_after_seconds=retry_after_seconds)


# What programs tell by, where it is not simply refused.
_CODES: Final = {HTTPStatus.TOO_MANY_REQUESTS: "rate_limited", HTTPStatus.SERVICE_UNAVAILABLE: "unavailable"}


def _in_pagerduty_words(status: HTTPStatus, reason: str, retry_after_seconds: int | None) -> bytes:
    if retry_after_seconds is None:
        return pagerduty.invalid([reason])
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return pagerduty.throttled(retry_after_seconds)
    return pagerduty.unavailable(retry_after_seconds)


_PAGERDUTY: Final = _Door("pagerduty", PAGERDUTY_BYTES, speaks_pagerduty=True)
_PAGERDUTY_CHANGE: Final = _Door("pagerduty_change", PAGERDUTY_BYTES, speaks_pagerduty=True)
_NATIVE: Final = _Door("native", NATIVE_BYTES)

# With and without a slash, and below a prefix: clients append to what they are given, and follow no redirect.
_BY_PATH: Final[Mapping[str, _Door]] = {
    prefix + path + slash: door
    for path, door in (("/v2/enqueue", _PAGERDUTY), ("/v2/change/enqueue", _PAGERDUTY_CHANGE))
    for prefix in ("", "/pd")
    for slash in ("", "/")
} | {"/v1/events": _NATIVE}


def _door_of(scope: Scope) -> _Door | None:
    path: str = scope["path"]
    door = _BY_PATH.get(path)
    if door is not None:
        return door
    found = addressed(path)
    if found is None:
        return None
    sender = found.sender
    return _Door(sender.name, sender.limit_bytes, methods=sender.methods, addressed=found)


def _kept(sent: Sent, key: str) -> bytes:
    """What came, less the key: a mail has it in its headers."""
    return redacted(sent.body or sent.query.encode("latin-1"), key)


async def _understood(sender: Sender, sent: Sent) -> Understood:
    """Raises `MalformedEventError`."""
    if len(sent.body) <= QUICK_BYTES:
        return sender.translate(sent)
    return await asyncio.to_thread(sender.translate, sent)


def _problem(status: HTTPStatus, code: str, detail: str, **members: object) -> Answer:
    problem = {
        "type": f"urn:tocsin:problem:{code}",
        "title": status.phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    return Answer(status, msgspec.json.encode(problem), content_type=b"application/problem+json")


def _malformed(error: MalformedEventError) -> Answer:
    status = HTTPStatus.BAD_REQUEST if error.unrecognized else HTTPStatus.UNPROCESSABLE_ENTITY
    errors = [{"pointer": f"#{each.pointer}", "detail": each.reason} for each in error.errors]
    return _problem(status, error.code, str(error), errors=errors)
