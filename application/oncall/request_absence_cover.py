from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.cover_access import require_for, require_for_member
from application.oncall.find_uncovered import FindUncovered
from application.oncall.schedule_references import users_at
from application.ports.absences import AbsenceRepository
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.directory import Directory
from application.ports.ids import IdFactory
from application.ports.references import References
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.oncall.absence import Uncovered
from domain.oncall.cover import CoverRequest
from domain.shared.change import Change
from domain.shared.errors import InvalidValueError
from domain.shared.ids import AbsenceId, CoverRequestId, ScheduleId, UserId

REQUESTS_AT_ONCE: Final = 50  # a quarter of daily shifts, halved among two: who gets more reads none of them


@dataclass(frozen=True, slots=True)
class RequestAbsenceCover:
    """Somebody asks for cover of all that time off leaves uncovered, in one step: a request for each interval."""

    absences: AbsenceRepository
    covers: CoverRepository
    teams: TeamRepository
    directory: Directory
    references: References
    find_uncovered: FindUncovered
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        absence_id: AbsenceId,
        *,
        schedule_id: ScheduleId | None = None,
        asked_of: tuple[UserId, ...] = (),
        note: str = "",
        actor: Actor,
    ) -> tuple[CoverRequest, ...]:
        """Time that has begun, and time that an open request of this absence asks for already, is left out.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` when nothing is left or too much, or people who
        are asked are not there.
        """
        async with self.transaction:
            at = self.clock.now()
            absence = await self.absences.get(absence_id)
            await require_for_member(actor, absence.user_id, self.teams)
            found = await self.find_uncovered(absence, at=at)
            wanted = [each for each in found.uncovered if schedule_id in {None, each.schedule_id}]
            left = _still_to_ask(wanted, await self.covers.open_of_absence(absence_id), at)
            _require_number(len(left))
            schedules = {each.schedule_id: found.schedules[each.schedule_id] for each in left}
            for schedule in schedules.values():
                require_for(actor, absence.user_id, team_id=schedule.team_id)
            await require_known(self.references, users_at("asked_of", asked_of))
            members = await self.directory.team_members({schedule.team_id for schedule in schedules.values()})
            changes = [
                CoverRequest.ask(
                    CoverRequestId(self.ids.new()),
                    schedule=schedules[each.schedule_id],
                    members=members.get(schedules[each.schedule_id].team_id, ()),
                    user_id=absence.user_id,
                    interval=each.interval,
                    by=actor.user_id,
                    at=at,
                    asked_of=asked_of,
                    note=note,
                    absence_id=absence_id,
                )
                for each in left
            ]
            return tuple([await self._save(change, actor, at) for change in changes])

    async def _save(self, change: Change[CoverRequest], actor: Actor, at: datetime) -> CoverRequest:
        saved = await self.covers.save(change)
        await self.record_audit("cover.request", saved.id, actor=actor, at=at, after=describe(saved))
        return saved


def _still_to_ask(wanted: Iterable[Uncovered], asked: Iterable[CoverRequest], at: datetime) -> tuple[Uncovered, ...]:
    taken = [(request.schedule_id, request.interval) for request in asked]
    return tuple(
        each
        for each in wanted
        if each.interval.start > at
        and not any(
            schedule_id == each.schedule_id and interval.overlaps(each.interval) for schedule_id, interval in taken
        )
    )


def _require_number(count: int) -> None:
    if not count:
        reason = "leaves nothing to ask for: all of it is covered, has begun, or is asked for already"
        raise InvalidValueError("absence_id", reason)
    if count > REQUESTS_AT_ONCE:
        reason = f"leaves {count} intervals uncovered, and {REQUESTS_AT_ONCE} can be asked for at once"
        raise InvalidValueError("absence_id", f"{reason}; ask for longer intervals by requests for cover of their own")
