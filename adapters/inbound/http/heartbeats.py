from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag
from adapters.inbound.http.fields import Name, TimeZone, Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    IdsFilter,
    Limit,
    NameFilter,
    PageBody,
    page_request,
    page_response,
)
from application.heartbeat.create import CreateHeartbeat, IssuedHeartbeat
from application.heartbeat.draft import HeartbeatDraft
from application.heartbeat.get import GetHeartbeat
from application.heartbeat.list import ListHeartbeats
from application.heartbeat.remove import RemoveHeartbeat
from application.heartbeat.update import UpdateHeartbeat
from domain.heartbeat.cron import CRON_CHARACTERS
from domain.heartbeat.heartbeat import (
    GRACE_SECONDS_MAX,
    GRACE_SECONDS_MIN,
    PERIOD_SECONDS_MAX,
    PERIOD_SECONDS_MIN,
    Heartbeat,
    HeartbeatStatus,
)
from domain.identity.actor import Actor
from domain.shared.ids import HeartbeatId, IntegrationId

_GRACE_SECONDS: Final = 300

Period = Annotated[
    int, Meta(ge=PERIOD_SECONDS_MIN, le=PERIOD_SECONDS_MAX, description="After the last success. Or else cron.")
]
CronText = Annotated[
    str, Meta(min_length=1, max_length=CRON_CHARACTERS, description="Five fields, in the zone. Or else a period.")
]
Grace = Annotated[
    int, Meta(ge=GRACE_SECONDS_MIN, le=GRACE_SECONDS_MAX, description="How late it may be, and how long a run takes.")
]
IntegrationFilter = Annotated[UUID | None, QueryParameter(description="Only those of this integration.")]


class HeartbeatBody(msgspec.Struct):
    """A sign of life that is expected. Its key is never shown again."""

    id: UUID
    integration_id: UUID
    name: str
    period_seconds: int | None
    cron: str | None
    time_zone: str
    grace_seconds: int
    is_post_only: bool
    status: HeartbeatStatus
    last_ping_at: datetime | None
    last_success_at: datetime | None
    started_at: datetime | None
    next_deadline: datetime | None
    version: Version

    @classmethod
    def of(cls, heartbeat: Heartbeat) -> Self:
        return cls(**{name: getattr(heartbeat, name) for name in cls.__struct_fields__})


class IssuedHeartbeatBody(msgspec.Struct):
    """A heartbeat and its key, shown this once: it is pinged at `/v1/heartbeats/<key>`."""

    heartbeat: HeartbeatBody
    key: str

    @classmethod
    def of(cls, issued: IssuedHeartbeat) -> Self:
        return cls(heartbeat=HeartbeatBody.of(issued.heartbeat), key=issued.key)


class CreateHeartbeatBody(msgspec.Struct, forbid_unknown_fields=True):
    integration_id: UUID
    name: Name
    period_seconds: Period | None = None
    cron: CronText | None = None
    time_zone: TimeZone = "UTC"
    grace_seconds: Grace = _GRACE_SECONDS
    is_post_only: bool = False


class PatchHeartbeatBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is. A period takes the place of cron, and cron that of a period."""

    name: Name | UnsetType = UNSET
    period_seconds: Period | UnsetType = UNSET
    cron: CronText | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    grace_seconds: Grace | UnsetType = UNSET
    is_post_only: bool | UnsetType = UNSET
    is_paused: bool | UnsetType = UNSET


class HeartbeatController(Controller):
    path = "/v1/heartbeats"
    tags = ("heartbeats",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_heartbeats: FromDishka[ListHeartbeats],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
        integration_id: IntegrationFilter = None,
    ) -> Response[PageBody[HeartbeatBody]]:
        """Heartbeats by name."""
        found = await list_heartbeats(
            page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids),
            integration_id=None if integration_id is None else IntegrationId(integration_id),
            actor=actor,
        )
        return page_response(request, cursors, found, body=HeartbeatBody.of, key=lambda each: (each.name, each.id))

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateHeartbeatBody],
        create_heartbeat: FromDishka[CreateHeartbeat],
        actor: FromDishka[Actor],
    ) -> Response[IssuedHeartbeatBody]:
        """Expect a sign of life. The answer has the key that it is given with, this once."""
        draft = HeartbeatDraft(
            name=data.name,
            period_seconds=data.period_seconds,
            cron=data.cron,
            time_zone=data.time_zone,
            grace_seconds=data.grace_seconds,
            is_post_only=data.is_post_only,
        )
        issued = await create_heartbeat(IntegrationId(data.integration_id), draft, actor=actor)
        location = f"/v1/heartbeats/{issued.heartbeat.id}"
        return created(IssuedHeartbeatBody.of(issued), location=location, tag=version_tag(issued.heartbeat.version))

    @get("/{heartbeat_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        heartbeat_id: FromPath[UUID],
        get_heartbeat: FromDishka[GetHeartbeat],
        actor: FromDishka[Actor],
    ) -> Response[HeartbeatBody]:
        """One heartbeat, and what was heard of it."""
        heartbeat = await get_heartbeat(HeartbeatId(heartbeat_id), actor=actor)
        return tagged(request, HeartbeatBody.of(heartbeat), tag=version_tag(heartbeat.version))

    @patch("/{heartbeat_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        heartbeat_id: FromPath[UUID],
        data: JSONBody[PatchHeartbeatBody],
        get_heartbeat: FromDishka[GetHeartbeat],
        update_heartbeat: FromDishka[UpdateHeartbeat],
        actor: FromDishka[Actor],
    ) -> Response[HeartbeatBody]:
        """Change some of a heartbeat, or pause it. A ping changes it too, so its ETag is that of the last one."""
        old = await get_heartbeat(HeartbeatId(heartbeat_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        heartbeat = await update_heartbeat(
            old.id,
            _draft(old, data),
            is_paused=value(data.is_paused, old.status is HeartbeatStatus.PAUSED),
            version=old.version,
            actor=actor,
        )
        return tagged(request, HeartbeatBody.of(heartbeat), tag=version_tag(heartbeat.version))

    @delete("/{heartbeat_id:uuid}", status_code=204)
    async def remove(
        self, heartbeat_id: FromPath[UUID], remove_heartbeat: FromDishka[RemoveHeartbeat], actor: FromDishka[Actor]
    ) -> None:
        """Expect it no more; the alert of one that is down ends."""
        await remove_heartbeat(HeartbeatId(heartbeat_id), actor=actor)


def _draft(old: Heartbeat, data: PatchHeartbeatBody) -> HeartbeatDraft:
    is_either_new = data.period_seconds is not UNSET or data.cron is not UNSET
    return HeartbeatDraft(
        name=value(data.name, old.name),
        period_seconds=value(data.period_seconds, None if is_either_new else old.period_seconds),
        cron=value(data.cron, None if is_either_new else old.cron),
        time_zone=value(data.time_zone, old.time_zone),
        grace_seconds=value(data.grace_seconds, old.grace_seconds),
        is_post_only=value(data.is_post_only, old.is_post_only),
    )
