from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import at, value
from adapters.inbound.http.drills import DrillBody, DrillScheduleBody
from adapters.inbound.http.etag import created, require_match, tagged, version_tag, warned_tag
from adapters.inbound.http.fields import (
    Instant,
    InstantQuery,
    KnownAtQuery,
    LocalDateTime,
    Name,
    TeamFilter,
    TimeZone,
    Version,
    in_utc,
    query_instant,
)
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
from adapters.inbound.http.shadows import ShadowBody, ShadowShiftBody
from adapters.inbound.http.temporaries import TemporaryScheduleBody
from adapters.inbound.http.warnings import WarningBody, warnings_of
from adapters.inbound.http.weekly_window import WeeklyWindowBody, window_of
from application.escalation.unreachable import FindUnreachable
from application.notification.drill_schedule import DrillSchedule
from application.oncall.add_override import AddOverride
from application.oncall.create_schedule import CreateSchedule
from application.oncall.get_schedule import GetSchedule
from application.oncall.list_schedules import ListSchedules
from application.oncall.remove_override import RemoveOverride
from application.oncall.schedule_gaps import ScheduleGaps
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.update_schedule import UpdateSchedule
from application.ports.clock import Clock
from domain.identity.actor import Actor
from domain.oncall.coverage import Shift
from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.rotation import ROTATION_LENGTH_MAX, Rotation, RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.ids import OverrideId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import (
    LAYER_PARTICIPANTS,
    LAYER_RESTRICTIONS,
    NAME_CHARACTERS,
    SCHEDULE_LAYERS,
    TURN_USERS,
)
from domain.shared.weekly_window import WeeklyWindow

_LOOK_AHEAD: Final = timedelta(days=14)

Turn = Annotated[list[UUID], Meta(min_length=1, max_length=TURN_USERS, description="On duty together.")]


class RotationBody(msgspec.Struct, forbid_unknown_fields=True):
    """Participants taking turns of equal length."""

    unit: RotationUnit
    starts_at_local: LocalDateTime
    participants: Annotated[list[Turn], Meta(min_length=1, max_length=LAYER_PARTICIPANTS)]
    length: Annotated[int, Meta(ge=1, le=ROTATION_LENGTH_MAX)] = 1


class LayerBody(msgspec.Struct, forbid_unknown_fields=True):
    """A rotation, limited to hours of the week if there are restrictions."""

    rotation: RotationBody
    name: Annotated[str, Meta(max_length=NAME_CHARACTERS)] = ""
    restrictions: Annotated[list[WeeklyWindowBody], Meta(max_length=LAYER_RESTRICTIONS)] = []
    until: Instant | None = None


class OverrideBody(msgspec.Struct):
    """A user stands in for another or for everyone, is added beside those on call, or is taken off."""

    id: UUID
    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    replaces: UUID | None
    kind: OverrideKind

    @classmethod
    def of(cls, override: Override) -> Self:
        return cls(
            id=override.id,
            user_id=override.user_id,
            starts_at=override.starts_at,
            ends_at=override.ends_at,
            replaces=override.replaces,
            kind=override.kind,
        )


Layers = Annotated[list[LayerBody], Meta(max_length=SCHEDULE_LAYERS, description="A later one wins over the earlier.")]


class ScheduleBody(msgspec.Struct):
    """Who is on call when. Of its overrides, temporary schedules and shadows, those that have not ended."""

    id: UUID
    team_id: UUID
    name: str
    time_zone: str
    layers: list[LayerBody]
    overrides: list[OverrideBody]
    temporaries: list[TemporaryScheduleBody]
    shadows: list[ShadowBody]
    version: Version

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        return cls(
            id=schedule.id,
            team_id=schedule.team_id,
            name=schedule.name,
            time_zone=schedule.time_zone,
            layers=[layer_body(layer) for layer in schedule.layers],
            overrides=[OverrideBody.of(override) for override in schedule.overrides],
            temporaries=[TemporaryScheduleBody.of(temporary) for temporary in schedule.temporaries],
            shadows=[ShadowBody.of(shadow) for shadow in schedule.shadows],
            version=schedule.version,
        )


class ScheduleDetailBody(ScheduleBody):
    warnings: list[WarningBody]


class CreateScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    team_id: UUID
    name: Name
    time_zone: TimeZone
    layers: Layers = []


class PatchScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is; layers are replaced as a whole."""

    team_id: UUID | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    layers: Layers | UnsetType = UNSET
    effective_at: Annotated[Instant | None, Meta(description="When the zone or the layers change; now without.")] = None


class AddOverrideBody(msgspec.Struct, forbid_unknown_fields=True):
    """Replace: the user stands in, without `replaces` for everyone, also where nobody is on call.

    Add: the user is on call beside the others. Remove: the user is not on call, and nobody stands in.
    """

    user_id: UUID
    starts_at: Instant
    ends_at: Instant
    replaces: UUID | None = None
    kind: OverrideKind = OverrideKind.REPLACE


class ShiftSourceBody(msgspec.Struct):
    """What put the user on call: a layer, by its place from 0, an override, or a temporary schedule."""

    layer: int | None
    override_id: UUID | None
    temporary_id: UUID | None


class ShiftBody(msgspec.Struct):
    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    source: ShiftSourceBody

    @classmethod
    def of(cls, shift: Shift) -> Self:
        source = ShiftSourceBody(
            layer=shift.source.layer, override_id=shift.source.override_id, temporary_id=shift.source.temporary_id
        )
        return cls(user_id=shift.user_id, starts_at=shift.interval.start, ends_at=shift.interval.end, source=source)


class ShiftsBody(msgspec.Struct):
    shifts: list[ShiftBody]
    shadows: list[ShadowShiftBody]


class GapBody(msgspec.Struct):
    """Nobody is on call from `starts_at` up to `ends_at`."""

    starts_at: datetime
    ends_at: datetime


class GapsBody(msgspec.Struct):
    gaps: list[GapBody]


class ScheduleController(Controller):
    path = "/v1/schedules"
    tags = ("schedules",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_schedules: FromDishka[ListSchedules],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[ScheduleBody]]:
        """Schedules by name."""
        page = page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids)
        found = await list_schedules(page, team_id=None if team_id is None else TeamId(team_id), actor=actor)
        return page_response(request, cursors, found, body=ScheduleBody.of, key=lambda each: (each.name, each.id))

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateScheduleBody],
        create_schedule: FromDishka[CreateSchedule],
        actor: FromDishka[Actor],
    ) -> Response[ScheduleBody]:
        """Make a schedule."""
        schedule = await create_schedule(
            team_id=TeamId(data.team_id),
            name=data.name,
            time_zone=data.time_zone,
            layers=layers_of(data.layers),
            actor=actor,
        )
        return created(
            ScheduleBody.of(schedule), location=f"/v1/schedules/{schedule.id}", tag=version_tag(schedule.version)
        )

    @get("/{schedule_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        schedule_id: FromPath[UUID],
        get_schedule: FromDishka[GetSchedule],
        find_unreachable: FromDishka[FindUnreachable],
        actor: FromDishka[Actor],
    ) -> Response[ScheduleDetailBody]:
        """One schedule, with a warning for each person who takes turns and cannot be reached."""
        schedule = await get_schedule(ScheduleId(schedule_id), actor=actor)
        warnings = warnings_of(await find_unreachable.of_schedule(schedule, actor=actor))
        body = ScheduleDetailBody(**msgspec.structs.asdict(ScheduleBody.of(schedule)), warnings=warnings)
        return tagged(request, body, tag=warned_tag(schedule.version, warnings))

    @patch("/{schedule_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        schedule_id: FromPath[UUID],
        data: JSONBody[PatchScheduleBody],
        get_schedule: FromDishka[GetSchedule],
        update_schedule: FromDishka[UpdateSchedule],
        actor: FromDishka[Actor],
    ) -> Response[ScheduleBody]:
        """Change some of a schedule: its zone and layers now or later, its name and team at once.

        A zone or layers that are given take the place of whatever was to hold from then on. Overrides are added and
        removed one by one instead.
        """
        old = await get_schedule(ScheduleId(schedule_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        schedule = await update_schedule(
            old.id,
            team_id=TeamId(value(data.team_id, old.team_id)),
            name=value(data.name, old.name),
            time_zone=None if isinstance(data.time_zone, UnsetType) else data.time_zone,
            layers=None if isinstance(data.layers, UnsetType) else layers_of(data.layers),
            effective_at=None if data.effective_at is None else in_utc(data.effective_at),
            version=old.version,
            actor=actor,
        )
        return tagged(request, ScheduleBody.of(schedule), tag=version_tag(schedule.version))

    @post("/{schedule_id:uuid}/overrides")
    async def add_override(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[AddOverrideBody],
        add_override: FromDishka[AddOverride],
        actor: FromDishka[Actor],
    ) -> Response[OverrideBody]:
        """Let a user stand in, join those on call, or go. A start in the past becomes now."""
        override = await add_override(
            ScheduleId(schedule_id),
            user_id=UserId(data.user_id),
            starts_at=in_utc(data.starts_at),
            ends_at=in_utc(data.ends_at),
            replaces=None if data.replaces is None else UserId(data.replaces),
            kind=data.kind,
            actor=actor,
        )
        # It is shown as a part of its schedule.
        return created(OverrideBody.of(override), location=f"/v1/schedules/{schedule_id}")

    @post("/{schedule_id:uuid}/overrides/{override_id:uuid}/remove", status_code=204)
    async def remove_override(
        self,
        schedule_id: FromPath[UUID],
        override_id: FromPath[UUID],
        remove_override: FromDishka[RemoveOverride],
        actor: FromDishka[Actor],
    ) -> None:
        """Take an override back; one that is under way ends now."""
        await remove_override(ScheduleId(schedule_id), OverrideId(override_id), actor=actor)

    @post("/{schedule_id:uuid}/drill", status_code=200)
    async def drill(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[DrillScheduleBody],
        drill_schedule: FromDishka[DrillSchedule],
        actor: FromDishka[Actor],
    ) -> DrillBody:
        """Send a test page to those on call now, or to everyone who takes turns, once a minute at most."""
        return DrillBody.of(await drill_schedule(ScheduleId(schedule_id), everyone=data.everyone, actor=actor))

    @get("/{schedule_id:uuid}/shifts")
    async def shifts(
        self,
        schedule_id: FromPath[UUID],
        schedule_shifts: FromDishka[ScheduleShifts],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
        since: InstantQuery = None,
        until: InstantQuery = None,
        known_at: KnownAtQuery = None,
    ) -> ShiftsBody:
        """Who is on call in an interval, and who shadows them; unless said otherwise, in the next two weeks."""
        interval, known = _interval(clock, since, until), query_instant("known_at", known_at)
        found = await schedule_shifts(ScheduleId(schedule_id), interval, known_at=known, actor=actor)
        return ShiftsBody(
            [ShiftBody.of(shift) for shift in found.shifts], [ShadowShiftBody.of(shift) for shift in found.shadows]
        )

    @get("/{schedule_id:uuid}/gaps")
    async def gaps(
        self,
        schedule_id: FromPath[UUID],
        schedule_gaps: FromDishka[ScheduleGaps],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
        since: InstantQuery = None,
        until: InstantQuery = None,
        known_at: KnownAtQuery = None,
    ) -> GapsBody:
        """When nobody is on call in an interval; unless said otherwise, in the next two weeks."""
        interval, known = _interval(clock, since, until), query_instant("known_at", known_at)
        found = await schedule_gaps(ScheduleId(schedule_id), interval, known_at=known, actor=actor)
        return GapsBody([GapBody(starts_at=gap.start, ends_at=gap.end) for gap in found])


def _interval(clock: Clock, since: datetime | None, until: datetime | None) -> Interval:
    start = query_instant("since", since) or clock.now()
    return Interval(start=start, end=query_instant("until", until) or start + _LOOK_AHEAD)


def layers_of(bodies: Sequence[LayerBody]) -> tuple[Layer, ...]:
    return tuple(_layer(number, body) for number, body in enumerate(bodies))


def _layer(number: int, body: LayerBody) -> Layer:
    with at("layers", number, "rotation"):
        rotation = Rotation(
            unit=body.rotation.unit,
            length=body.rotation.length,
            starts_at_local=body.rotation.starts_at_local,
            participants=tuple(tuple(UserId(user) for user in turn) for turn in body.rotation.participants),
        )
    with at("layers", number):
        return Layer(
            name=body.name,
            rotation=rotation,
            restrictions=tuple(_window(place, window) for place, window in enumerate(body.restrictions)),
            until=None if body.until is None else in_utc(body.until),
        )


def _window(place: int, body: WeeklyWindowBody) -> WeeklyWindow:
    with at("restrictions", place):
        return window_of(body)


def layer_body(layer: Layer) -> LayerBody:
    rotation = layer.rotation
    return LayerBody(
        name=layer.name,
        rotation=RotationBody(
            unit=rotation.unit,
            length=rotation.length,
            starts_at_local=rotation.starts_at_local,
            participants=[list(turn) for turn in rotation.participants],
        ),
        restrictions=[
            WeeklyWindowBody(
                starts_on=window.starts_on,
                starts_at=window.starts_at,
                ends_on=window.ends_on,
                ends_at=window.ends_at,
            )
            for window in layer.restrictions
        ],
        until=layer.until,
    )
