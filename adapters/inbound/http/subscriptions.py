"""Events to whoever wants them outside: webhooks, SNS and SQS. `docs/webhooks.md` is for those who receive them."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag
from adapters.inbound.http.fields import Instant, Name, TeamFilter, Version, in_utc
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.wire.events import INCIDENT_KINDS
from application.ports.event_deliveries import DeliveryKey, DeliveryQuery
from application.subscription.create_subscription import CreateSubscription, IssuedSubscription
from application.subscription.delete_subscription import DeleteSubscription
from application.subscription.get_subscription import GetSubscription, SubscriptionDetail
from application.subscription.list_event_deliveries import ListEventDeliveries
from application.subscription.list_subscriptions import ListSubscriptions
from application.subscription.ping_subscription import PingSubscription
from application.subscription.replay_event import ReplayEvent
from application.subscription.replay_events import ReplayEvents
from application.subscription.rotate_subscription_secret import RotateSubscriptionSecret
from application.subscription.update_subscription import UpdateSubscription
from domain.identity.actor import Actor
from domain.shared.errors import InvalidValueError
from domain.shared.ids import EventDeliveryId, SubscriptionId, TeamId
from domain.shared.limits import SUBSCRIPTION_ADDRESS_CHARACTERS, SUBSCRIPTION_EVENT_KINDS
from domain.subscription.delivery import Attempt, DeliveryStatus, EventDelivery, Verdict
from domain.subscription.subscription import Subscription, SubscriptionKind

_PATH: Final = "/v1/subscriptions"
_DAY_SECONDS: Final = 24 * 3600
_OVERLAP_SECONDS_MAX: Final = 30 * _DAY_SECONDS

Address = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=SUBSCRIPTION_ADDRESS_CHARACTERS,
        description="The URL of a webhook, or the ARN of a topic or a queue.",
    ),
]
EventKinds = Annotated[
    list[Annotated[str, Meta(max_length=121)]],
    Meta(max_length=SUBSCRIPTION_EVENT_KINDS, description="Such as incident.triggered or incident.*; none means all."),
]
Overlap = Annotated[
    int, Meta(ge=0, le=_OVERLAP_SECONDS_MAX, description="How long messages are signed with the old secret as well.")
]
StatusFilter = Annotated[DeliveryStatus | None, QueryParameter(description="Only what is in this state.")]


class SubscriptionBody(msgspec.Struct):
    """Where events of a team's incidents, or of every team's, are sent. Its secret is never shown again."""

    id: UUID
    team_id: UUID | None
    name: str
    kind: SubscriptionKind
    address: str
    event_kinds: list[str]
    is_enabled: bool
    disabled_reason: str
    version: Version

    @classmethod
    def of(cls, subscription: Subscription) -> Self:
        return cls(
            id=subscription.id,
            team_id=subscription.team_id,
            name=subscription.name,
            kind=subscription.kind,
            address=subscription.address,
            event_kinds=list(subscription.event_kinds),
            is_enabled=subscription.is_enabled,
            disabled_reason=subscription.disabled_reason,
            version=subscription.version,
        )


class SubscriptionDetailBody(SubscriptionBody):
    """And how it does: since when nothing has arrived, and until when its receiver asked to be left alone."""

    failing_since: datetime | None = None
    paused_until: datetime | None = None

    @classmethod
    def of_detail(cls, detail: SubscriptionDetail) -> Self:
        shown = cls.of(detail.subscription)
        shown.failing_since, shown.paused_until = detail.health
        return shown


class IssuedSubscriptionBody(msgspec.Struct):
    """A subscription and its new secret, shown this once; null for SNS and SQS, which AWS signs."""

    subscription: SubscriptionBody
    secret: str | None

    @classmethod
    def of(cls, issued: IssuedSubscription) -> Self:
        return cls(subscription=SubscriptionBody.of(issued.subscription), secret=issued.secret)


class CreateSubscriptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without a team it hears of every team's incidents, which is for admins."""

    name: Name
    kind: SubscriptionKind
    address: Address
    team_id: UUID | None = None
    event_kinds: EventKinds = []


class PatchSubscriptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is. Team and kind are fixed.

    `skip_missed`: switched on again, it goes on from now, instead of with what it missed.
    """

    name: Name | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    event_kinds: EventKinds | UnsetType = UNSET
    is_enabled: bool | UnsetType = UNSET
    skip_missed: bool = False


class RotateSecretBody(msgspec.Struct, forbid_unknown_fields=True):
    overlap_seconds: Overlap = _DAY_SECONDS


class AttemptBody(msgspec.Struct):
    started_at: datetime
    finished_at: datetime
    verdict: Verdict
    detail: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(attempt.started_at, attempt.finished_at, attempt.verdict, attempt.detail)


class EventDeliveryBody(msgspec.Struct):
    """One event on its way to a subscription. `webhook_id` is what its receiver tells repeats by."""

    id: UUID
    webhook_id: str
    subscription_id: UUID
    kind: str
    event_at: datetime
    incident_id: UUID | None
    status: DeliveryStatus
    attempts: int
    may_be_repeat: bool
    replays: int
    settled_at: datetime | None
    log: list[AttemptBody]

    @classmethod
    def of(cls, delivery: EventDelivery) -> Self:
        return cls(
            id=delivery.id,
            webhook_id=delivery.message_id,
            subscription_id=delivery.subscription_id,
            kind=delivery.kind,
            event_at=delivery.event_at,
            incident_id=delivery.incident_id,
            status=delivery.status,
            attempts=delivery.attempts,
            may_be_repeat=delivery.may_be_repeat,
            replays=delivery.replays,
            settled_at=delivery.settled_at,
            log=[AttemptBody.of(each) for each in delivery.log],
        )


class ReplayBody(msgspec.Struct, forbid_unknown_fields=True):
    """Of events in [since, until)."""

    since: Instant
    until: Instant
    only_failed: bool = False


class ReplayedBody(msgspec.Struct):
    """How many are sent again. `next_since`: there are more, ask again from there."""

    count: int
    next_since: datetime | None


class SubscriptionController(Controller):
    path = _PATH
    tags = ("subscriptions",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_subscriptions: FromDishka[ListSubscriptions],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[SubscriptionBody]]:
        """Subscriptions by name, of the teams that you configure."""
        found = await list_subscriptions(
            page_request(request, cursors, limit=limit, cursor=cursor),
            team_id=None if team_id is None else TeamId(team_id),
            actor=actor,
        )
        return page_response(request, cursors, found, body=SubscriptionBody.of, key=lambda each: (each.name, each.id))

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateSubscriptionBody],
        create_subscription: FromDishka[CreateSubscription],
        actor: FromDishka[Actor],
    ) -> Response[IssuedSubscriptionBody]:
        """Have events sent somewhere, from now on. The answer has the secret that they are signed with, this once."""
        issued = await create_subscription(
            team_id=None if data.team_id is None else TeamId(data.team_id),
            name=data.name,
            kind=data.kind,
            address=data.address,
            event_kinds=_known(data.event_kinds),
            actor=actor,
        )
        location = f"{_PATH}/{issued.subscription.id}"
        tag = version_tag(issued.subscription.version)
        return created(IssuedSubscriptionBody.of(issued), location=location, tag=tag)

    @get("/{subscription_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        subscription_id: FromPath[UUID],
        get_subscription: FromDishka[GetSubscription],
        actor: FromDishka[Actor],
    ) -> Response[SubscriptionDetailBody]:
        """One subscription, and how it does."""
        detail = await get_subscription(SubscriptionId(subscription_id), actor=actor)
        # Its health is no part of its version, so what a browser keeps may be out of date.
        headers = {"ETag": version_tag(detail.subscription.version), "Cache-Control": "no-store"}
        return Response(SubscriptionDetailBody.of_detail(detail), headers=headers)

    @patch("/{subscription_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        subscription_id: FromPath[UUID],
        data: JSONBody[PatchSubscriptionBody],
        get_subscription: FromDishka[GetSubscription],
        update_subscription: FromDishka[UpdateSubscription],
        actor: FromDishka[Actor],
    ) -> Response[SubscriptionBody]:
        """Change some of a subscription; `is_enabled` switches it off and on."""
        old = (await get_subscription(SubscriptionId(subscription_id), actor=actor)).subscription
        require_match(request, tag=version_tag(old.version))
        subscription = await update_subscription(
            old.id,
            name=value(data.name, old.name),
            address=value(data.address, old.address),
            event_kinds=old.event_kinds if data.event_kinds is UNSET else _known(data.event_kinds),
            is_enabled=value(data.is_enabled, old.is_enabled),
            skip_missed=data.skip_missed,
            version=old.version,
            actor=actor,
        )
        return tagged(request, SubscriptionBody.of(subscription), tag=version_tag(subscription.version))

    @delete("/{subscription_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
    async def remove(
        self,
        subscription_id: FromPath[UUID],
        delete_subscription: FromDishka[DeleteSubscription],
        actor: FromDishka[Actor],
    ) -> None:
        """Nothing more is sent to it, nor what waits."""
        await delete_subscription(SubscriptionId(subscription_id), actor=actor)

    @post("/{subscription_id:uuid}/rotate-secret", status_code=HTTPStatus.OK)
    async def rotate_secret(
        self,
        subscription_id: FromPath[UUID],
        rotate_secret: FromDishka[RotateSubscriptionSecret],
        actor: FromDishka[Actor],
        data: JSONBody[RotateSecretBody | None] = None,
    ) -> IssuedSubscriptionBody:
        """Give a webhook a new secret; until the overlap ends, messages carry a signature by each."""
        overlap = timedelta(seconds=(data or RotateSecretBody()).overlap_seconds)
        issued = await rotate_secret(SubscriptionId(subscription_id), overlap=overlap, actor=actor)
        return IssuedSubscriptionBody.of(issued)

    @post("/{subscription_id:uuid}/ping", status_code=HTTPStatus.NO_CONTENT)
    async def ping(
        self,
        subscription_id: FromPath[UUID],
        ping_subscription: FromDishka[PingSubscription],
        actor: FromDishka[Actor],
    ) -> None:
        """Send one test event by the way of all others. What became of it is among the deliveries."""
        await ping_subscription(SubscriptionId(subscription_id), actor=actor)

    @get("/{subscription_id:uuid}/deliveries")
    async def list_deliveries(
        self,
        request: Request[Any, Any, Any],
        subscription_id: FromPath[UUID],
        list_deliveries: FromDishka[ListEventDeliveries],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        status: StatusFilter = None,
    ) -> Response[PageBody[EventDeliveryBody]]:
        """What was sent and what waits, newest events first, with the last attempts of each."""
        after = page_request(request, cursors, limit=limit, cursor=cursor).after
        query = DeliveryQuery(
            subscription_id=SubscriptionId(subscription_id),
            status=status,
            limit=limit,
            after=None if after is None else DeliveryKey(datetime.fromisoformat(after[0]), after[1]),
        )
        page = await list_deliveries(query, actor=actor)
        return page_response(
            request, cursors, page, body=EventDeliveryBody.of, key=lambda each: (each.event_at.isoformat(), each.id)
        )

    @post("/{subscription_id:uuid}/deliveries/{delivery_id:uuid}/replay", status_code=HTTPStatus.ACCEPTED)
    async def replay(
        self,
        subscription_id: FromPath[UUID],
        delivery_id: FromPath[UUID],
        replay_event: FromDishka[ReplayEvent],
        actor: FromDishka[Actor],
    ) -> EventDeliveryBody:
        """Send one event once more, under the id that it had."""
        return EventDeliveryBody.of(
            await replay_event(SubscriptionId(subscription_id), EventDeliveryId(delivery_id), actor=actor)
        )

    @post("/{subscription_id:uuid}/replay", status_code=HTTPStatus.ACCEPTED)
    async def replay_interval(
        self,
        subscription_id: FromPath[UUID],
        data: JSONBody[ReplayBody],
        replay_events: FromDishka[ReplayEvents],
        actor: FromDishka[Actor],
    ) -> ReplayedBody:
        """Send the events of an interval once more, up to a thousand with one request."""
        replayed = await replay_events(
            SubscriptionId(subscription_id),
            since=in_utc(data.since),
            until=in_utc(data.until),
            only_failed=data.only_failed,
            actor=actor,
        )
        return ReplayedBody(replayed.deliveries, replayed.next_since)


def _known(patterns: list[str]) -> tuple[str, ...]:
    """Raises `InvalidValueError` for a kind that there is not: it would wait for ever, and nobody would notice."""
    there = INCIDENT_KINDS | {f"{kind.partition('.')[0]}.*" for kind in INCIDENT_KINDS}
    for pattern in patterns:
        if pattern not in there:
            allowed = ", ".join(sorted(each for each in there if each.endswith("*")))
            raise InvalidValueError("event_kinds", f"holds {pattern!r}, which no event of incidents has; as {allowed}")
    return tuple(dict.fromkeys(patterns))
