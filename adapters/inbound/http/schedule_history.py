"""What was known of a schedule, and when; and what a change would do to it."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.body import at as at_place
from adapters.inbound.http.fields import Instant, InstantQuery, KnownAtQuery, TimeZone, Version, in_utc, query_instant
from adapters.inbound.http.on_call import OnCallBody
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.schedules import AddOverrideBody, LayerBody, Layers, layer_body, layers_of
from adapters.inbound.http.shadows import AddShadowBody, ShadowShiftBody
from adapters.inbound.http.temporaries import AddTemporaryScheduleBody, shifts_of
from application.oncall.list_schedule_versions import ListScheduleVersions
from application.oncall.preview_schedule import CHANGES_SHOWN, MADE_LAST, Preview, PreviewSchedule, ScheduleDraft
from application.oncall.schedule_on_call import ScheduleOnCall
from application.ports.readers import IncidentReader
from application.ports.schedule_history import NewestVersionsFirst
from domain.identity.actor import Actor
from domain.oncall.difference import Difference
from domain.oncall.history import ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TemporaryScheduleId, UserId


class ScheduleVersionBody(msgspec.Struct):
    """What was saved: known from `known_at` on, and holding from `effective_at` on until a later one does."""

    version: Version
    known_at: datetime
    effective_at: datetime
    name: str
    team_id: UUID
    time_zone: str
    layers: list[LayerBody]

    @classmethod
    def of(cls, version: ScheduleVersion) -> Self:
        schedule = version.schedule
        return cls(
            version=version.number,
            known_at=version.known_at,
            effective_at=version.effective_at,
            name=schedule.name,
            team_id=schedule.team_id,
            time_zone=schedule.time_zone,
            layers=[layer_body(layer) for layer in schedule.layers],
        )


class PreviewScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    """What might be changed, all of it at once; what is not there stays as it is."""

    time_zone: TimeZone | None = None
    layers: Layers | None = None
    effective_at: Annotated[Instant | None, Meta(description="When the zone or the layers change; now without.")] = None
    add_override: AddOverrideBody | None = None
    remove_override_id: UUID | None = None
    add_temporary: AddTemporaryScheduleBody | None = None
    remove_temporary_id: UUID | None = None
    add_shadow: AddShadowBody | None = None
    remove_shadow_id: UUID | None = None
    until: Annotated[Instant | None, Meta(description="How far to look; two weeks without, 366 days at most.")] = None

    def draft(self) -> ScheduleDraft:
        return ScheduleDraft(
            time_zone=self.time_zone,
            layers=None if self.layers is None else layers_of(self.layers),
            effective_at=None if self.effective_at is None else in_utc(self.effective_at),
            add_override=None if self.add_override is None else _override(self.add_override),
            remove_override=None if self.remove_override_id is None else OverrideId(self.remove_override_id),
            add_temporary=None if self.add_temporary is None else _temporary(self.add_temporary),
            remove_temporary=(
                None if self.remove_temporary_id is None else TemporaryScheduleId(self.remove_temporary_id)
            ),
            add_shadow=None if self.add_shadow is None else _shadow(self.add_shadow),
            remove_shadow=None if self.remove_shadow_id is None else ShadowId(self.remove_shadow_id),
        )


class DifferenceBody(msgspec.Struct):
    """Others are on call throughout: these users instead of those; nobody is an empty list."""

    starts_at: datetime
    ends_at: datetime
    before: list[UUID]
    after: list[UUID]

    @classmethod
    def of(cls, difference: Difference) -> Self:
        return cls(
            starts_at=difference.interval.start,
            ends_at=difference.interval.end,
            before=list(difference.before),
            after=list(difference.after),
        )


class PreviewBody(msgspec.Struct):
    since: datetime
    until: datetime
    differences: Annotated[list[DifferenceBody], Meta(description=f"The first {CHANGES_SHOWN}, oldest first.")]
    more: Annotated[int, Meta(ge=0, description="How many there are beyond those.")]
    shadows_new: Annotated[list[ShadowShiftBody], Meta(description=f"The first {CHANGES_SHOWN}, oldest first.")]
    shadows_gone: Annotated[list[ShadowShiftBody], Meta(description=f"The first {CHANGES_SHOWN}, oldest first.")]

    @classmethod
    def of(cls, preview: Preview) -> Self:
        return cls(
            since=preview.interval.start,
            until=preview.interval.end,
            differences=[DifferenceBody.of(each) for each in preview.differences],
            more=preview.more,
            shadows_new=[ShadowShiftBody.of(each) for each in preview.shadows_new],
            shadows_gone=[ShadowShiftBody.of(each) for each in preview.shadows_gone],
        )


class ScheduleHistoryController(Controller):
    path = "/v1/schedules"
    tags = ("schedules",)

    @get("/{schedule_id:uuid}/on-call")
    async def on_call(
        self,
        schedule_id: FromPath[UUID],
        schedule_on_call: FromDishka[ScheduleOnCall],
        reader: FromDishka[IncidentReader],
        actor: FromDishka[Actor],
        at: InstantQuery = None,
        known_at: KnownAtQuery = None,
    ) -> OnCallBody:
        """Who is on call now, or at another time, as is known now, or as was known at another time."""
        found = await schedule_on_call(
            ScheduleId(schedule_id),
            at=query_instant("at", at),
            known_at=query_instant("known_at", known_at),
            actor=actor,
        )
        return OnCallBody.of(found, await reader.user_names(found.people))

    @get("/{schedule_id:uuid}/versions")
    async def versions(
        self,
        request: Request[Any, Any, Any],
        schedule_id: FromPath[UUID],
        list_versions: FromDishka[ListScheduleVersions],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[ScheduleVersionBody]]:
        """How it was changed and when, the change made last first. Overrides are not in it."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        before = None if asked.after is None else int(asked.after[0])
        newest = NewestVersionsFirst(limit=limit, before=before)
        page = await list_versions(ScheduleId(schedule_id), newest, actor=actor)
        return page_response(
            request,
            cursors,
            page,
            body=ScheduleVersionBody.of,
            key=lambda version: (str(version.number), version.schedule.id),
        )

    @post("/{schedule_id:uuid}/preview", status_code=200)
    async def preview(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[PreviewScheduleBody],
        preview_schedule: FromDishka[PreviewSchedule],
        actor: FromDishka[Actor],
    ) -> PreviewBody:
        """What a change would do to who is on call, before it is saved. Nothing is stored."""
        until = None if data.until is None else in_utc(data.until)
        return PreviewBody.of(await preview_schedule(ScheduleId(schedule_id), data.draft(), until=until, actor=actor))


def _override(body: AddOverrideBody) -> Override:
    with at_place("add_override"):
        return Override(
            id=OverrideId(MADE_LAST),
            user_id=UserId(body.user_id),
            starts_at=in_utc(body.starts_at),
            ends_at=in_utc(body.ends_at),
            replaces=None if body.replaces is None else UserId(body.replaces),
            kind=body.kind,
        )


def _temporary(body: AddTemporaryScheduleBody) -> TemporarySchedule:
    with at_place("add_temporary"):
        return TemporarySchedule(
            id=TemporaryScheduleId(MADE_LAST),
            starts_at=in_utc(body.starts_at),
            ends_at=in_utc(body.ends_at),
            shifts=shifts_of(body.shifts),
        )


def _shadow(body: AddShadowBody) -> Shadow:
    with at_place("add_shadow"):
        return Shadow(
            id=ShadowId(MADE_LAST),
            user_id=UserId(body.user_id),
            starts_at=in_utc(body.starts_at),
            ends_at=in_utc(body.ends_at),
            follows=None if body.follows is None else UserId(body.follows),
            layer=body.layer,
        )
