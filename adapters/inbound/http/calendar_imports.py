"""The calendar of somebody else's that a schedule follows: set, look at, read again, remove."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from application.oncall.get_calendar_import import GetCalendarImport
from application.oncall.refresh_calendar_import import RefreshCalendarImport
from application.oncall.remove_calendar_import import RemoveCalendarImport
from application.oncall.set_calendar_import import SetCalendarImport
from domain.identity.actor import Actor
from domain.oncall.calendar_import import (
    REFRESH_DEFAULT,
    REFRESH_MAX,
    REFRESH_MIN,
    UNREAD_SHOWN,
    URL_CHARACTERS,
    CalendarImport,
)
from domain.shared.ids import ScheduleId

_MINUTE: Final = timedelta(minutes=1)


class SetCalendarImportBody(msgspec.Struct, forbid_unknown_fields=True):
    url: Annotated[str, Meta(min_length=1, max_length=URL_CHARACTERS, description="Never shown again.")]
    refresh_minutes: Annotated[int, Meta(ge=REFRESH_MIN // _MINUTE, le=REFRESH_MAX // _MINUTE)] = (
        REFRESH_DEFAULT // _MINUTE
    )
    as_layer: Annotated[bool, Meta(description="Where it names nobody the layers decide; otherwise nobody is.")] = False


class CalendarImportBody(msgspec.Struct):
    """How it goes: of its address the host alone, for the rest is a secret."""

    schedule_id: UUID
    host: str
    refresh_minutes: int
    next_refresh_at: datetime
    read_at: Annotated[datetime | None, Meta(description="When it last was what it should be.")]
    failing_since: datetime | None
    failure: Annotated[str, Meta(description="Why the last try failed; what was read before stays.")]
    unread: Annotated[list[str], Meta(description=f"Events that are no shift, and why: the first {UNREAD_SHOWN}.")]
    unread_count: int
    as_layer: bool
    temporary_id: Annotated[UUID | None, Meta(description="The temporary schedule that holds its shifts.")]

    @classmethod
    def of(cls, calendar: CalendarImport) -> Self:
        return cls(
            schedule_id=calendar.schedule_id,
            host=calendar.host,
            refresh_minutes=calendar.refresh_every // _MINUTE,
            next_refresh_at=calendar.next_refresh_at,
            read_at=calendar.read_at,
            failing_since=calendar.failing_since,
            failure=calendar.failure,
            unread=list(calendar.unread),
            unread_count=calendar.unread_count,
            as_layer=calendar.as_layer,
            temporary_id=calendar.temporary_id,
        )


class CalendarImportController(Controller):
    path = "/v1/schedules/{schedule_id:uuid}/calendar-import"
    tags = ("schedules",)

    @get("/")
    async def read(
        self, schedule_id: FromPath[UUID], get_import: FromDishka[GetCalendarImport], actor: FromDishka[Actor]
    ) -> CalendarImportBody:
        """The calendar that the schedule follows, and how that goes."""
        return CalendarImportBody.of(await get_import(ScheduleId(schedule_id), actor=actor))

    @put("/")
    async def set(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[SetCalendarImportBody],
        set_import: FromDishka[SetCalendarImport],
        actor: FromDishka[Actor],
    ) -> CalendarImportBody:
        """Let the schedule follow a calendar in place of its layers, or before them. It is read within a minute."""
        saved = await set_import(
            ScheduleId(schedule_id),
            url=data.url,
            refresh_every=timedelta(minutes=data.refresh_minutes),
            as_layer=data.as_layer,
            actor=actor,
        )
        return CalendarImportBody.of(saved)

    @post("/refresh", status_code=HTTPStatus.OK)
    async def refresh(
        self, schedule_id: FromPath[UUID], refresh_import: FromDishka[RefreshCalendarImport], actor: FromDishka[Actor]
    ) -> CalendarImportBody:
        """Read it within a minute, and not only when its time has come."""
        return CalendarImportBody.of(await refresh_import(ScheduleId(schedule_id), actor=actor))

    @delete("/", status_code=HTTPStatus.NO_CONTENT)
    async def remove(
        self, schedule_id: FromPath[UUID], remove_import: FromDishka[RemoveCalendarImport], actor: FromDishka[Actor]
    ) -> None:
        """Let the layers decide again, from now on."""
        await remove_import(ScheduleId(schedule_id), actor=actor)
