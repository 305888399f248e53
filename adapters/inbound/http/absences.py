from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from adapters.inbound.http.covers import AskedOf, CoverRequestBody, Note, span, users
from adapters.inbound.http.etag import created
from adapters.inbound.http.fields import Instant, TeamFilter
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from application.oncall.add_absence import AddAbsence
from application.oncall.get_absence import GetAbsence
from application.oncall.list_absences import ListAbsences
from application.oncall.propose_cover import Proposal, ProposeCover
from application.oncall.remove_absence import RemoveAbsence
from application.oncall.request_absence_cover import RequestAbsenceCover
from application.oncall.uncovered_absences import DAYS_DEFAULT, DAYS_MAX, UncoveredAbsences
from application.ports.absences import AbsenceKey
from domain.identity.actor import Actor
from domain.oncall.absence import Absence, Candidate, Uncovered
from domain.shared.ids import AbsenceId, ScheduleId, TeamId, UserId

UserFilter = Annotated[UUID | None, QueryParameter(description="Only this user's.")]
DaysAhead = Annotated[int, QueryParameter(ge=1, le=DAYS_MAX, description="How far ahead to look.")]


class AbsenceBody(msgspec.Struct):
    """Somebody is away. They stay on call until others take over."""

    id: UUID
    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str

    @classmethod
    def of(cls, absence: Absence) -> Self:
        return cls(
            id=absence.id,
            user_id=absence.user_id,
            starts_at=absence.interval.start,
            ends_at=absence.interval.end,
            reason=absence.reason,
        )


class UncoveredBody(msgspec.Struct):
    """The absent user is on call on the schedule, without interruption."""

    absence_id: UUID
    user_id: UUID
    schedule_id: UUID
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, uncovered: Uncovered) -> Self:
        return cls(
            absence_id=uncovered.absence_id,
            user_id=uncovered.user_id,
            schedule_id=uncovered.schedule_id,
            starts_at=uncovered.interval.start,
            ends_at=uncovered.interval.end,
        )


class PlannedAbsenceBody(msgspec.Struct):
    """Time off, and what it leaves uncovered."""

    absence: AbsenceBody
    uncovered: list[UncoveredBody]


class CandidateBody(msgspec.Struct):
    """Who could stand in. `load_seconds` is their time on call in the two weeks before, during and after."""

    user_id: UUID
    load_seconds: int

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        return cls(user_id=candidate.user_id, load_seconds=round(candidate.load.total_seconds()))


class ProposalBody(msgspec.Struct):
    """Time that nobody covers, and who could, the least loaded first."""

    uncovered: UncoveredBody
    candidates: list[CandidateBody]

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        return cls(
            uncovered=UncoveredBody.of(proposal.uncovered),
            candidates=[CandidateBody.of(each) for each in proposal.candidates],
        )


class ProposalsBody(msgspec.Struct):
    proposals: list[ProposalBody]
    has_more: bool


class UncoveredOfTeamBody(msgspec.Struct):
    uncovered: list[UncoveredBody]
    has_more: bool


class CoverRequestsBody(msgspec.Struct):
    requests: list[CoverRequestBody]


class AddAbsenceBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without `user_id` it is one's own."""

    starts_at: Instant
    ends_at: Instant
    user_id: UUID | None = None
    reason: Note = ""


class RequestAbsenceCoverBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without `schedule_id`, for all schedules."""

    schedule_id: UUID | None = None
    asked_of: AskedOf = []
    note: Note = ""


class AbsenceController(Controller):
    path = "/v1/absences"
    tags = ("absences",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_absences: FromDishka[ListAbsences],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        user_id: UserFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[AbsenceBody]]:
        """Time off that is not over, by its end."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        found = await list_absences(
            user_id=None if user_id is None else UserId(user_id),
            team_id=None if team_id is None else TeamId(team_id),
            limit=asked.limit,
            after=None if asked.after is None else _key(*asked.after),
            actor=actor,
        )
        return page_response(
            request,
            cursors,
            found,
            body=AbsenceBody.of,
            key=lambda each: (each.interval.end.isoformat(), each.id),
        )

    @post("/")
    async def create(
        self, data: JSONBody[AddAbsenceBody], add_absence: FromDishka[AddAbsence], actor: FromDishka[Actor]
    ) -> Response[PlannedAbsenceBody]:
        """Enter time off; the answer warns of when the person is on call all the same."""
        planned = await add_absence(
            user_id=actor.user_id if data.user_id is None else UserId(data.user_id),
            interval=span(data.starts_at, data.ends_at),
            reason=data.reason,
            actor=actor,
        )
        body = PlannedAbsenceBody(
            absence=AbsenceBody.of(planned.absence), uncovered=[UncoveredBody.of(each) for each in planned.uncovered]
        )
        return created(body, location=f"/v1/absences/{planned.absence.id}")

    @get("/uncovered")
    async def uncovered_of_team(
        self,
        uncovered_absences: FromDishka[UncoveredAbsences],
        actor: FromDishka[Actor],
        team_id: Annotated[UUID, QueryParameter(description="Whose schedules.")],
        days: DaysAhead = DAYS_DEFAULT,
    ) -> UncoveredOfTeamBody:
        """What time off leaves uncovered on a team's schedules, soonest first."""
        page = await uncovered_absences(TeamId(team_id), days=days, actor=actor)
        return UncoveredOfTeamBody([UncoveredBody.of(each) for each in page.items], page.has_more)

    @get("/{absence_id:uuid}")
    async def read(
        self, absence_id: FromPath[UUID], get_absence: FromDishka[GetAbsence], actor: FromDishka[Actor]
    ) -> AbsenceBody:
        """One person's time off."""
        return AbsenceBody.of(await get_absence(AbsenceId(absence_id), actor=actor))

    @delete("/{absence_id:uuid}", status_code=204)
    async def remove(
        self, absence_id: FromPath[UUID], remove_absence: FromDishka[RemoveAbsence], actor: FromDishka[Actor]
    ) -> None:
        """Take time off back; what is under way ends now."""
        await remove_absence(AbsenceId(absence_id), actor=actor)

    @get("/{absence_id:uuid}/uncovered")
    async def uncovered(
        self, absence_id: FromPath[UUID], propose_cover: FromDishka[ProposeCover], actor: FromDishka[Actor]
    ) -> ProposalsBody:
        """What nobody covers yet, and who could."""
        page = await propose_cover(AbsenceId(absence_id), actor=actor)
        return ProposalsBody([ProposalBody.of(each) for each in page.items], page.has_more)

    @post("/{absence_id:uuid}/request-cover", status_code=201)
    async def request_cover(
        self,
        absence_id: FromPath[UUID],
        data: JSONBody[RequestAbsenceCoverBody],
        request_absence_cover: FromDishka[RequestAbsenceCover],
        actor: FromDishka[Actor],
    ) -> CoverRequestsBody:
        """Ask for cover of everything that nobody covers yet and nobody is asked for: a request for each interval."""
        made = await request_absence_cover(
            AbsenceId(absence_id),
            schedule_id=None if data.schedule_id is None else ScheduleId(data.schedule_id),
            asked_of=users(data.asked_of),
            note=data.note,
            actor=actor,
        )
        return CoverRequestsBody([CoverRequestBody.of(each) for each in made])


def _key(ends_at: str, absence_id: UUID) -> AbsenceKey:
    """From a cursor that we sealed ourselves."""
    return AbsenceKey(datetime.fromisoformat(ends_at).astimezone(UTC), absence_id)
