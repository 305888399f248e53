from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.body import at
from adapters.inbound.http.etag import created
from adapters.inbound.http.fields import Instant, in_utc
from application.oncall.add_temporary import AddTemporarySchedule
from application.oncall.remove_temporary import RemoveTemporarySchedule
from domain.identity.actor import Actor
from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.ids import ScheduleId, TemporaryScheduleId, UserId
from domain.shared.limits import TEMPORARY_SHIFTS


class FixedShiftBody(msgspec.Struct, forbid_unknown_fields=True):
    """A user is on call in this time, whatever any rotation says."""

    user_id: UUID
    starts_at: Instant
    ends_at: Instant


class TemporaryScheduleBody(msgspec.Struct):
    """Fixed shifts in place of the layers for a while. Where there is none, nobody is on call; or, of a calendar that
    is a layer, the other layers decide."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    shifts: list[FixedShiftBody]
    is_layer: bool

    @classmethod
    def of(cls, temporary: TemporarySchedule) -> Self:
        return cls(
            id=temporary.id,
            starts_at=temporary.starts_at,
            ends_at=temporary.ends_at,
            shifts=[
                FixedShiftBody(user_id=shift.user_id, starts_at=shift.starts_at, ends_at=shift.ends_at)
                for shift in temporary.shifts
            ],
            is_layer=temporary.is_layer,
        )


class AddTemporaryScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without shifts nobody is on call in that time, unless an override says so."""

    starts_at: Instant
    ends_at: Instant
    shifts: Annotated[list[FixedShiftBody], Meta(max_length=TEMPORARY_SHIFTS)] = []


def shifts_of(bodies: Iterable[FixedShiftBody]) -> tuple[FixedShift, ...]:
    return tuple(_shift(number, shift) for number, shift in enumerate(bodies))


class TemporaryScheduleController(Controller):
    path = "/v1/schedules/{schedule_id:uuid}/temporaries"
    tags = ("schedules",)

    @post("/")
    async def add(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[AddTemporaryScheduleBody],
        add_temporary: FromDishka[AddTemporarySchedule],
        actor: FromDishka[Actor],
    ) -> Response[TemporaryScheduleBody]:
        """Let fixed shifts take the place of the layers for a while. What of it has passed is cut off."""
        temporary = await add_temporary(
            ScheduleId(schedule_id),
            starts_at=in_utc(data.starts_at),
            ends_at=in_utc(data.ends_at),
            shifts=shifts_of(data.shifts),
            actor=actor,
        )
        # It is shown as a part of its schedule.
        return created(TemporaryScheduleBody.of(temporary), location=f"/v1/schedules/{schedule_id}")

    @post("/{temporary_id:uuid}/remove", status_code=204)
    async def remove(
        self,
        schedule_id: FromPath[UUID],
        temporary_id: FromPath[UUID],
        remove_temporary: FromDishka[RemoveTemporarySchedule],
        actor: FromDishka[Actor],
    ) -> None:
        """Let the layers decide again; one that is under way ends now."""
        await remove_temporary(ScheduleId(schedule_id), TemporaryScheduleId(temporary_id), actor=actor)


def _shift(number: int, body: FixedShiftBody) -> FixedShift:
    with at("shifts", number):
        return FixedShift(user_id=UserId(body.user_id), starts_at=in_utc(body.starts_at), ends_at=in_utc(body.ends_at))
