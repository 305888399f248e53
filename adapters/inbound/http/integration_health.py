from datetime import datetime
from typing import Literal, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, get
from litestar.params import FromPath

from application.ports.received import Received
from application.service.get_health import GetIntegrationHealth, IntegrationHealth
from domain.identity.actor import Actor
from domain.shared.ids import IntegrationId


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


class IntegrationHealthBody(msgspec.Struct):
    """How its sender does, by at most its last 1,000 bodies. One of which a part was set aside counts as two."""

    last_received_at: datetime | None
    received: int
    set_aside: int
    error_rate: float | None  # None: nothing came
    last: list[ReceivedBody]

    @classmethod
    def of(cls, health: IntegrationHealth) -> Self:
        return cls(
            last_received_at=health.last_received_at,
            received=health.received,
            set_aside=health.set_aside,
            error_rate=round(health.set_aside / health.received, 4) if health.received else None,
            last=[ReceivedBody.of(each) for each in health.last],
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
