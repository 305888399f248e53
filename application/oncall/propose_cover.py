from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from application.authorize import require
from application.oncall.find_uncovered import FindUncovered
from application.ports.absences import AbsenceRepository
from application.ports.clock import Clock
from application.ports.page import Page
from application.ports.references import Reference, ReferenceKind, References
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.absence import Candidate, Uncovered, load_window, propose_cover
from domain.oncall.coverage import Shift, shifts
from domain.oncall.schedule import Schedule
from domain.shared.ids import AbsenceId, ScheduleId, UserId
from domain.shared.interval import Interval

PROPOSALS: Final = 50  # intervals in one answer: a person decides about them one by one
ABSENCES_SEEN: Final = 1000  # of those who might stand in: more than a whole rotation's at once


class Proposal(NamedTuple):
    """Time that nobody covers, and who could, the least loaded first."""

    uncovered: Uncovered
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class ProposeCover:
    """Somebody asks what of an absence nobody covers yet, and who could."""

    absences: AbsenceRepository
    references: References
    find_uncovered: FindUncovered
    clock: Clock

    async def __call__(self, absence_id: AbsenceId, *, actor: Actor) -> Page[Proposal]:
        """The first of them, by their start; there may be more. Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        absence = await self.absences.get(absence_id)
        found = await self.find_uncovered(absence, at=self.clock.now())
        shown = found.uncovered[:PROPOSALS]
        if not shown:
            return Page((), has_more=False)
        hull = Interval(start=shown[0].interval.start, end=max(each.interval.end for each in shown))
        people = {schedule.id: schedule.people for schedule in found.schedules.values()}
        active = await self._active(frozenset().union(*people.values()))
        away = await self.absences.of_users(active, hull, limit=ABSENCES_SEEN)
        around = _shifts_around(shown, found.schedules, hull)
        proposals = (
            Proposal(
                each,
                propose_cover(
                    each,
                    people=people[each.schedule_id] & active,
                    shifts=around[each.schedule_id],
                    absences=away,
                ),
            )
            for each in shown
        )
        return Page(tuple(proposals), has_more=len(found.uncovered) > PROPOSALS)

    async def _active(self, user_ids: Collection[UserId]) -> frozenset[UserId]:
        """Nobody who has left is asked."""
        gone = await self.references.missing({Reference(ReferenceKind.USER, user_id) for user_id in user_ids})
        return frozenset(user_ids) - {UserId(reference.id) for reference in gone}


def _shifts_around(
    shown: Sequence[Uncovered], schedules: Mapping[ScheduleId, Schedule], hull: Interval
) -> Mapping[ScheduleId, Sequence[Shift]]:
    return {
        schedule_id: shifts(schedules[schedule_id], load_window(hull))
        for schedule_id in {each.schedule_id for each in shown}
    }
