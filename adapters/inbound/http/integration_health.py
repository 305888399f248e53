from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from application.ports.received import Received
from application.service.get_health import GetIntegrationHealth, IntegrationHealth
from application.service.set_quiet_watch import SetQuietWatch
from domain.identity.actor import Actor
from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId
from domain.shared.limits import QUIET_SECONDS_MAX, QUIET_SECONDS_MIN


class ReceivedBody(msgspec.Struct):
    """One body that was sent, without what is in it."""

    id: UUID
    received_at: datetime
    format: str  # the door that it came by
    size_bytes: int
    verdict: Literal["accepted", "set aside"]
    reason: str | None  # why it was set aside

    @classmethod
    def of(cls, received: Received) -> Self:
        return cls(
            id=received.id,
            received_at=received.received_at,
            format=received.format,
            size_bytes=received.size_bytes,
            verdict="accepted" if received.refusal is None else "set aside",
            reason=received.refusal,
        )


class QuietWatchBody(msgspec.Struct):
    """An alert is opened when nothing is heard for so long."""

    after_seconds: int
    is_quiet: bool  # nothing was heard for so long, as of the last look

    @classmethod
    def of(cls, watch: QuietWatch) -> Self:
        return cls(after_seconds=int(watch.after.total_seconds()), is_quiet=watch.is_quiet)


class SetQuietWatchBody(msgspec.Struct, forbid_unknown_fields=True):
    after_seconds: Annotated[
        int, Meta(ge=QUIET_SECONDS_MIN, le=QUIET_SECONDS_MAX, description="After how long without anything.")
    ]


class IntegrationHealthBody(msgspec.Struct):
    """How its sender does, by at most its last 1,000 bodies. One of which a part was set aside counts as two."""

    last_received_at: datetime | None
    received: int
    set_aside: int
    error_rate: float | None  # None: nothing came
    last: list[ReceivedBody]
    quiet_watch: QuietWatchBody | None  # None: nobody wants to know when nothing comes

    @classmethod
    def of(cls, health: IntegrationHealth) -> Self:
        return cls(
            last_received_at=health.last_received_at,
            received=health.received,
            set_aside=health.set_aside,
            error_rate=round(health.set_aside / health.received, 4) if health.received else None,
            last=[ReceivedBody.of(each) for each in health.last],
            quiet_watch=None if health.watch is None else QuietWatchBody.of(health.watch),
        )


class IntegrationHealthController(Controller):
    path = "/v1/integrations"
    tags = ("integrations",)

    @get("/{integration_id:uuid}/health")
    async def read(
        self,
        integration_id: FromPath[UUID],
        get_health: FromDishka[GetIntegrationHealth],
        actor: FromDishka[Actor],
    ) -> IntegrationHealthBody:
        """When its sender was last heard, how much of it is set aside, and the last bodies with a verdict."""
        return IntegrationHealthBody.of(await get_health(IntegrationId(integration_id), actor=actor))

    @post("/{integration_id:uuid}/quiet-watch", status_code=200)
    async def set_watch(
        self,
        integration_id: FromPath[UUID],
        data: JSONBody[SetQuietWatchBody],
        set_quiet_watch: FromDishka[SetQuietWatch],
        actor: FromDishka[Actor],
    ) -> QuietWatchBody:
        """Open an alert when nothing is heard for so long; it clears when something is."""
        after = timedelta(seconds=data.after_seconds)
        watch = await set_quiet_watch(IntegrationId(integration_id), after=after, actor=actor)
        assert watch is not None
        return QuietWatchBody.of(watch)

    @delete("/{integration_id:uuid}/quiet-watch")
    async def remove_watch(
        self,
        integration_id: FromPath[UUID],
        set_quiet_watch: FromDishka[SetQuietWatch],
        actor: FromDishka[Actor],
    ) -> None:
        """Open no such alert any more. One that is open stays open."""
        await set_quiet_watch(IntegrationId(integration_id), after=None, actor=actor)
