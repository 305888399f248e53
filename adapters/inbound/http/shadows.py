from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.etag import created
from adapters.inbound.http.fields import Instant, InstantQuery, in_utc, query_instant
from application.oncall.add_shadow import AddShadow
from application.oncall.remove_shadow import RemoveShadow
from application.oncall.schedule_on_call import ScheduleOnCall
from domain.identity.actor import Actor
from domain.oncall.shadow import Shadow
from domain.oncall.shadowing import Shadowing, ShadowShift
from domain.shared.ids import ScheduleId, ShadowId, UserId
from domain.shared.limits import SCHEDULE_LAYERS


class ShadowBody(msgspec.Struct):
    """A user who learns: follows another, or whoever is on call by a layer."""

    id: UUID
    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    follows: UUID | None
    layer: int | None

    @classmethod
    def of(cls, shadow: Shadow) -> Self:
        return cls(
            id=shadow.id,
            user_id=shadow.user_id,
            starts_at=shadow.starts_at,
            ends_at=shadow.ends_at,
            follows=shadow.follows,
            layer=shadow.layer,
        )


class AddShadowBody(msgspec.Struct, forbid_unknown_fields=True):
    """Exactly one of `follows`, a user, and `layer`, by its place from 0."""

    user_id: UUID
    starts_at: Instant
    ends_at: Instant
    follows: UUID | None = None
    layer: Annotated[int, Meta(ge=0, lt=SCHEDULE_LAYERS)] | None = None


class ShadowingBody(msgspec.Struct):
    """At that instant this user shadows these, who are on call."""

    shadow_id: UUID
    user_id: UUID
    follows: list[UUID]

    @classmethod
    def of(cls, shadowing: Shadowing) -> Self:
        return cls(shadow_id=shadowing.shadow_id, user_id=shadowing.user_id, follows=list(shadowing.follows))


class ShadowingsBody(msgspec.Struct):
    shadows: list[ShadowingBody]


class ShadowShiftBody(msgspec.Struct):
    """In this time this user shadows that one, who is on call; never counted as on call."""

    shadow_id: UUID
    user_id: UUID
    follows: UUID
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, shift: ShadowShift) -> Self:
        return cls(
            shadow_id=shift.shadow_id,
            user_id=shift.user_id,
            follows=shift.follows,
            starts_at=shift.interval.start,
            ends_at=shift.interval.end,
        )


class ShadowController(Controller):
    path = "/v1/schedules/{schedule_id:uuid}/shadows"
    tags = ("schedules",)

    @get("/")
    async def list(
        self,
        schedule_id: FromPath[UUID],
        schedule_on_call: FromDishka[ScheduleOnCall],
        actor: FromDishka[Actor],
        at: InstantQuery = None,
    ) -> ShadowingsBody:
        """Who shadows whom now, or at another time. They are never counted as on call."""
        found = await schedule_on_call(ScheduleId(schedule_id), at=query_instant("at", at), actor=actor)
        return ShadowingsBody([ShadowingBody.of(shadowing) for shadowing in found.shadows])

    @post("/")
    async def add(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[AddShadowBody],
        add_shadow: FromDishka[AddShadow],
        actor: FromDishka[Actor],
    ) -> Response[ShadowBody]:
        """Let a user follow another on call, or a layer, to learn. A start in the past becomes now."""
        shadow = await add_shadow(
            ScheduleId(schedule_id),
            user_id=UserId(data.user_id),
            starts_at=in_utc(data.starts_at),
            ends_at=in_utc(data.ends_at),
            follows=None if data.follows is None else UserId(data.follows),
            layer=data.layer,
            actor=actor,
        )
        # It is shown as a part of its schedule.
        return created(ShadowBody.of(shadow), location=f"/v1/schedules/{schedule_id}")

    @post("/{shadow_id:uuid}/remove", status_code=204)
    async def remove(
        self,
        schedule_id: FromPath[UUID],
        shadow_id: FromPath[UUID],
        remove_shadow: FromDishka[RemoveShadow],
        actor: FromDishka[Actor],
    ) -> None:
        """Let nobody follow any longer; one that is under way ends now."""
        await remove_shadow(ScheduleId(schedule_id), ShadowId(shadow_id), actor=actor)
