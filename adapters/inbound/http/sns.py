"""SNS over HTTPS: `/integrations/<key>/sns`. A topic on the integration's list is subscribed to, and then believed.

SNS sends no 4xx again but a 429, so no fault of ours is one; and it waits for 15 seconds, which a certificate's fetch
fits.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from opentelemetry.trace import SpanKind

from adapters import tracing
from adapters.inbound.http.answer import Answer, in_json
from adapters.inbound.http.asgi import App, Receive, Scope, Send
from adapters.inbound.http.door import Refused, answer_or_excuse, header, read_body, send_answer
from adapters.inbound.http.intake import SetAside
from adapters.inbound.intake import cloudwatch, sns
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.targets import Targets
from application.alert.routed import ReceivedEvent, received_in
from application.ports.clock import Clock
from application.ports.errors import PermanentPortError
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget, RawEvent
from application.ports.sns import SnsEndpoint

LIMIT_BYTES: Final = 1024 * 1024  # SNS: 256 KB of message, escaped within its envelope
DOOR: Final = "sns"
_PREFIX: Final = "/integrations/"
_ENDING: Final = "/sns"

type Store = Callable[[list[ReceivedEvent]], Awaitable[None]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SnsDoor:
    """An ASGI application that takes what SNS posts, and hands every other request to `app`."""

    app: App
    targets: Targets
    allowances: Allowances
    store: Store
    set_aside: SetAside
    endpoint: SnsEndpoint
    clock: Clock
    ids: IdFactory
    metrics: IntakeMetrics
    name: str = DOOR
    limit_bytes: int = LIMIT_BYTES
    throttled: HTTPStatus = HTTPStatus.TOO_MANY_REQUESTS  # the one 4xx that SNS sends again

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope["path"]) if scope["type"] == "http" else None
        if key is None:
            await self.app(scope, receive, send)
            return
        await send_answer(send, await answer_or_excuse(self, self._answer(key, scope, receive), self.metrics))

    def refusal(self, status: HTTPStatus, reason: str, *, retry_after_seconds: int | None = None) -> Answer:
        return in_json(status, error=reason)._replace(retry_after_seconds=retry_after_seconds)

    async def _answer(self, key: str, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            refusal = self.refusal(HTTPStatus.METHOD_NOT_ALLOWED, "SNS posts")
            raise Refused(refusal._replace(headers=((b"allow", b"POST"),)))
        body = await read_body(scope, receive, self)
        target = await self.targets.of(key)
        if target is None:
            raise Refused(self.refusal(HTTPStatus.UNAUTHORIZED, "no integration has this key"))
        try:
            if header(scope, sns.RAW_DELIVERY_HEADER.encode()) is not None:
                raise sns.NotSignedError("raw message delivery is not signed: switch it off at the subscription")
            message = sns.posted(body)
            await self._believe(message, target)
            await self.allowances.spend(target.integration, 1)  # a message tells of one alarm
            return await self._act(message, body, target)
        except MalformedEventError as error:
            await self._set_aside(body, str(error), target)
            return in_json(HTTPStatus.ACCEPTED, status="set aside", error=str(error))
        except sns.NotSignedError as error:
            if await self.allowances.may_keep_unsigned(target.integration):
                await self._set_aside(body, str(error), target)
            return self.refusal(HTTPStatus.FORBIDDEN, str(error))

    async def _believe(self, message: sns.Posted, target: IntakeTarget) -> None:
        """Raises `NotSignedError`, `TransientPortError`."""
        if message.topic_arn not in target.integration.topic_arns:  # before anything is fetched
            raise sns.NotSignedError(f"{message.topic_arn} is not one of the integration's topics")
        try:
            certificate = await self.endpoint.certificate(sns.certificate_url(message))
        except PermanentPortError as error:
            raise sns.NotSignedError(f"its certificate cannot be had: {error}") from None
        sns.require_signed(message, certificate, now=self.clock.now())

    async def _act(self, message: sns.Posted, body: bytes, target: IntakeTarget) -> Answer:
        """Raises `MalformedEventError`, `TransientPortError`."""
        if message.kind == sns.SUBSCRIPTION:
            return await self._subscribe(message, body, target)
        if message.kind == sns.UNSUBSCRIPTION:
            # Its SubscribeURL would subscribe again, against the will of whoever ended it.
            await self._set_aside(body, f"{message.topic_arn} was unsubscribed: nothing comes from it any more", target)
            return in_json(HTTPStatus.OK, status="unsubscribed")
        # Whoever published it began its trace, which SNS does not go on with in its own request.
        came_with = tracing.understood(message.attributes.get(tracing.HEADER))
        with tracing.span("receive notification", (came_with,), kind=SpanKind.CONSUMER):
            return await self._notified(message, body, target)

    async def _notified(self, message: sns.Posted, body: bytes, target: IntakeTarget) -> Answer:
        published = message.members["Message"].encode("utf-8", "replace")
        events = cloudwatch.translate(published, topic_arn=message.topic_arn)
        raw = RawEvent(
            id=self.ids.new(),
            integration_id=target.integration.id,
            received_at=self.clock.now(),
            format=DOOR,
            body=body,
            trace=tracing.here(),
        )
        if events:
            await self.store(received_in(raw, events, target))
        self.metrics.stored(DOOR).inc(len(events))
        return in_json(HTTPStatus.OK, status="accepted", events=len(events))

    async def _subscribe(self, message: sns.Posted, body: bytes, target: IntakeTarget) -> Answer:
        token = message.members.get("Token", "")
        try:
            await self.endpoint.confirm(region=message.region, topic_arn=message.topic_arn, token=token)
        except PermanentPortError as error:  # the token is three days old, or the topic is gone
            await self._set_aside(body, f"{message.topic_arn} could not be subscribed to: {error}", target)
            return self.refusal(HTTPStatus.FORBIDDEN, str(error))
        _log.info("sns_subscribed", topic_arn=message.topic_arn, integration_id=str(target.integration.id))
        return in_json(HTTPStatus.OK, status="subscribed")

    async def _set_aside(self, body: bytes, reason: str, target: IntakeTarget) -> None:
        await self.set_aside(body, reason=reason, source="http", integration_id=target.integration.id)


def _key(path: str) -> str | None:
    """The integration's; None: another path."""
    path = path.rstrip("/")
    if not (path.startswith(_PREFIX) and path.endswith(_ENDING)):
        return None
    key = path.removeprefix(_PREFIX).removesuffix(_ENDING)
    return key if key and "/" not in key else None
