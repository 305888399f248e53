"""What can be asked of a schedule beside its shifts and gaps."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from adapters.inbound.http.fields import InstantQuery, KnownAtQuery, query_instant
from adapters.inbound.http.incident_bodies import NamedBody
from adapters.inbound.http.pagination import LIMIT_DEFAULT, Limit
from application.oncall.schedule_handoffs import ScheduleHandoffs
from application.oncall.schedule_load import PersonLoad, Region, ScheduleLoad
from application.oncall.schedule_overlaps import ScheduleOverlaps
from application.oncall.schedule_quality import ScheduleQuality
from application.ports.clock import Clock
from application.ports.readers import IncidentReader
from domain.identity.actor import Actor
from domain.oncall.coverage import Handoff
from domain.oncall.load import Fairness
from domain.oncall.quality import (
    REST_MIN,
    REST_MIN_MAX,
    STRETCH_LIMIT,
    STRETCH_LIMIT_MAX,
    Finding,
    FindingKind,
    Quality,
    QualityLimits,
    Stretch,
)
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import TURN_USERS

_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_LOOK_AHEAD: Final = timedelta(days=14)
_LOOK_BACK: Final = timedelta(days=28)
_WEEKS_DEFAULT: Final = 8

Weeks = Annotated[int, QueryParameter(ge=1, le=52, description="How many weeks to look at.")]
People = Annotated[int, QueryParameter(ge=1, le=TURN_USERS, description="How many are meant to be on call at once.")]
StretchHours = Annotated[
    int, QueryParameter(ge=1, le=STRETCH_LIMIT_MAX // _HOUR, description="The longest that nobody should exceed.")
]
RestHours = Annotated[
    int, QueryParameter(ge=0, le=REST_MIN_MAX // _HOUR, description="The least between two stretches of one person.")
]
Country = Annotated[
    str | None,
    QueryParameter(pattern="^[A-Z]{2}$", description="Whose public holidays count: ISO 3166-1, such as DE."),
]
Subdivision = Annotated[
    str | None,
    QueryParameter(pattern="^[A-Z0-9]{1,3}$", description="Those of a part of it: ISO 3166-2, such as BY."),
]

type Names = Mapping[UserId, str]


class OverlapBody(msgspec.Struct):
    """These are on call together from `starts_at` up to `ends_at`, and fewer are meant to be."""

    starts_at: datetime
    ends_at: datetime
    users: list[NamedBody]


class OverlapsBody(msgspec.Struct):
    overlaps: list[OverlapBody]


class HandoffBody(msgspec.Struct):
    at: datetime
    before: list[NamedBody]
    after: list[NamedBody]  # empty: a gap begins

    @classmethod
    def of(cls, handoff: Handoff, names: Names) -> Self:
        return cls(at=handoff.at, before=_people(handoff.before, names), after=_people(handoff.after, names))


class HandoffsBody(msgspec.Struct):
    handoffs: list[HandoffBody]
    next_since: datetime | None  # ask again with this `since` for the rest


class FindingBody(msgspec.Struct):
    kind: FindingKind
    starts_at: datetime
    ends_at: datetime
    users: list[NamedBody]  # empty for a gap


class FindingCountsBody(msgspec.Struct):
    gap: int
    overlap: int
    long_stretch: int
    back_to_back: int


class StretchBody(msgspec.Struct):
    user: NamedBody
    starts_at: datetime
    ends_at: datetime
    seconds: int

    @classmethod
    def of(cls, stretch: Stretch, names: Names) -> Self:
        interval = stretch.interval
        (user,) = _people((stretch.user_id,), names)
        return cls(user, interval.start, interval.end, interval.duration // _SECOND)


class QualityBody(msgspec.Struct):
    """What the schedule could do better. The counts are of all findings, also of those that did not fit."""

    starts_at: datetime
    ends_at: datetime
    gap_seconds: int
    gap_percent: float
    longest: StretchBody | None
    counts: FindingCountsBody
    findings: list[FindingBody]
    has_more: bool


class HoursBody(msgspec.Struct):
    """In seconds. A night is 22:00 to 07:00, a weekend Saturday and Sunday, on the person's own clock."""

    total: int
    nights: int
    weekends: int
    holidays: int


class ShareBody(msgspec.Struct):
    """Against the mean of all: 1 is even, 2 is twice the mean. Null where nobody has any such hours."""

    total: float | None
    nights: float | None
    weekends: float | None
    holidays: float | None

    @classmethod
    def of(cls, fairness: Fairness) -> Self:
        return cls(*map(_decimal, fairness))


class PersonLoadBody(msgspec.Struct):
    user: NamedBody
    time_zone: str
    seconds: HoursBody
    share: ShareBody
    pages: int
    night_pages: int
    interrupted_nights: int

    @classmethod
    def of(cls, row: PersonLoad, names: Names) -> Self:
        load = row.load
        hours = (load.total, load.nights, load.weekends, load.holidays)
        (user,) = _people((load.user_id,), names)
        return cls(
            user=user,
            time_zone=row.zone.key,
            seconds=HoursBody(*(part // _SECOND for part in hours)),
            share=ShareBody.of(row.fairness),
            pages=load.pages,
            night_pages=load.night_pages,
            interrupted_nights=load.interrupted_nights,
        )


class LoadBody(msgspec.Struct):
    starts_at: datetime
    ends_at: datetime
    people: list[PersonLoadBody]


class ScheduleAnswersController(Controller):
    path = "/v1/schedules/{schedule_id:uuid}"
    tags = ("schedules",)

    @get("/overlaps")
    async def overlaps(
        self,
        schedule_id: FromPath[UUID],
        schedule_overlaps: FromDishka[ScheduleOverlaps],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
        since: InstantQuery = None,
        until: InstantQuery = None,
        people: People = 1,
        known_at: KnownAtQuery = None,
    ) -> OverlapsBody:
        """When more are on call at once than are meant to be; unless said otherwise, in the next two weeks."""
        interval, known = _ahead(clock, since, until), query_instant("known_at", known_at)
        found = await schedule_overlaps(ScheduleId(schedule_id), interval, people=people, known_at=known, actor=actor)
        names = await reader.user_names({user_id for each in found for user_id in each.user_ids})
        return OverlapsBody(
            [OverlapBody(each.interval.start, each.interval.end, _people(each.user_ids, names)) for each in found]
        )

    @get("/handoffs")
    async def handoffs(
        self,
        schedule_id: FromPath[UUID],
        schedule_handoffs: FromDishka[ScheduleHandoffs],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
        since: InstantQuery = None,
        until: InstantQuery = None,
        limit: Limit = LIMIT_DEFAULT,
        known_at: KnownAtQuery = None,
    ) -> HandoffsBody:
        """Who follows whom, and when; unless said otherwise, in the next two weeks."""
        interval, known = _ahead(clock, since, until), query_instant("known_at", known_at)
        page = await schedule_handoffs(ScheduleId(schedule_id), interval, limit=limit, known_at=known, actor=actor)
        people = {user_id for each in page.handoffs for user_id in (*each.before, *each.after)}
        names = await reader.user_names(people)
        return HandoffsBody([HandoffBody.of(each, names) for each in page.handoffs], page.next_since)

    @get("/quality")
    async def quality(
        self,
        schedule_id: FromPath[UUID],
        schedule_quality: FromDishka[ScheduleQuality],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
        since: InstantQuery = None,
        weeks: Weeks = _WEEKS_DEFAULT,
        people: People = 1,
        stretch_hours: StretchHours = STRETCH_LIMIT // _HOUR,
        rest_hours: RestHours = REST_MIN // _HOUR,
        limit: Limit = LIMIT_DEFAULT,
        known_at: KnownAtQuery = None,
    ) -> QualityBody:
        """Gaps, overlaps, long stretches and too little rest in the weeks from now on, or from another time."""
        start = query_instant("since", since) or _now(clock)
        report = await schedule_quality(
            ScheduleId(schedule_id),
            Interval(start=start, end=start + timedelta(weeks=weeks)),
            limits=QualityLimits(people=people, stretch=stretch_hours * _HOUR, rest=rest_hours * _HOUR),
            known_at=query_instant("known_at", known_at),
            actor=actor,
        )
        shown = report.findings[:limit]
        named = {user_id for each in shown for user_id in each.user_ids}
        if report.longest is not None:
            named.add(report.longest.user_id)
        return _quality_body(report, shown, await reader.user_names(named))

    @get("/load")
    async def load(
        self,
        schedule_id: FromPath[UUID],
        schedule_load: FromDishka[ScheduleLoad],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
        since: InstantQuery = None,
        until: InstantQuery = None,
        country: Country = None,
        subdivision: Subdivision = None,
        known_at: KnownAtQuery = None,
    ) -> LoadBody:
        """Hours, nights, weekends, holidays and pages of each person; unless said otherwise, in the last four weeks.

        By what was in force at each time, as is known now, or as was known at another time.
        """
        start = query_instant("since", since)
        end = query_instant("until", until) or (_now(clock) if start is None else start + _LOOK_BACK)
        interval = Interval(start=end - _LOOK_BACK if start is None else start, end=end)
        region = None if country is None else Region(country, subdivision)
        rows = await schedule_load(
            ScheduleId(schedule_id),
            interval,
            region=region,
            known_at=query_instant("known_at", known_at),
            actor=actor,
        )
        names = await reader.user_names({row.load.user_id for row in rows})
        return LoadBody(interval.start, interval.end, [PersonLoadBody.of(row, names) for row in rows])


def _now(clock: Clock) -> datetime:
    """To the second, as whoever reads an interval wants to see its edges."""
    return clock.now().replace(microsecond=0)


def _ahead(clock: Clock, since: datetime | None, until: datetime | None) -> Interval:
    start = query_instant("since", since) or _now(clock)
    return Interval(start=start, end=query_instant("until", until) or start + _LOOK_AHEAD)


def _people(user_ids: Iterable[UserId], names: Names) -> list[NamedBody]:
    return [NamedBody(user_id, names.get(user_id, "")) for user_id in user_ids]


def _decimal(share: Fraction | None) -> float | None:
    return None if share is None else round(float(share), 4)


def _quality_body(report: Quality, shown: tuple[Finding, ...], names: Names) -> QualityBody:
    return QualityBody(
        starts_at=report.interval.start,
        ends_at=report.interval.end,
        gap_seconds=report.gap_time // _SECOND,
        gap_percent=round(float(report.gap_share * 100), 4),
        longest=None if report.longest is None else StretchBody.of(report.longest, names),
        counts=FindingCountsBody(*(report.count(kind) for kind in FindingKind)),
        findings=[
            FindingBody(each.kind, each.interval.start, each.interval.end, _people(each.user_ids, names))
            for each in shown
        ],
        has_more=len(shown) < len(report.findings),
    )
