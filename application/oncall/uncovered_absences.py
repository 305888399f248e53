from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.authorize import require
from application.ports.absences import AbsenceRepository
from application.ports.clock import Clock
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
from application.ports.teams import TeamRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.absence import Absence, Uncovered, uncovered
from domain.oncall.coverage import Shift, shifts
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import PAGE_LIMIT

DAYS_DEFAULT: Final = 28
DAYS_MAX: Final = 92  # a quarter: further ahead rotations change too often for a warning to mean much


@dataclass(frozen=True, slots=True)
class UncoveredAbsences:
    """What time off leaves uncovered on a team's schedules in the days to come, soonest first."""

    schedules: ScheduleRepository
    absences: AbsenceRepository
    teams: TeamRepository
    clock: Clock

    async def __call__(self, team_id: TeamId, *, days: int = DAYS_DEFAULT, actor: Actor) -> Page[Uncovered]:
        """At most `PAGE_LIMIT` intervals of as many schedules and absences; `has_more` says when that was not all.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`.
        """
        require(actor, Permission.READ)
        if not 1 <= days <= DAYS_MAX:
            raise InvalidValueError("days", f"is {days}, allowed are 1 to {DAYS_MAX}")
        await self.teams.look_up(team_id)
        at = self.clock.now()
        ahead = Interval(start=at, end=at + timedelta(days=days))
        page = await self.schedules.list(PageRequest(limit=PAGE_LIMIT), since=at, team_id=team_id)
        people = {schedule.id: schedule.people for schedule in page.items}
        everyone = frozenset[UserId]().union(*people.values())
        away = await self.absences.of_users(everyone, ahead, limit=PAGE_LIMIT + 1)
        found = sorted(
            _found(away[:PAGE_LIMIT], page.items, people, ahead), key=lambda each: (each.interval.start, each.user_id)
        )
        has_more = page.has_more or len(away) > PAGE_LIMIT or len(found) > PAGE_LIMIT
        return Page(tuple(found[:PAGE_LIMIT]), has_more)


def _found(
    away: Sequence[Absence],
    schedules: Iterable[Schedule],
    people: Mapping[ScheduleId, frozenset[UserId]],
    ahead: Interval,
) -> Iterable[Uncovered]:
    """Shifts are worked out for schedules only that somebody is missing from."""
    by_user: defaultdict[UserId, list[Absence]] = defaultdict(list)
    for absence in away:
        by_user[absence.user_id].append(absence)
    for schedule in schedules:
        missing = people[schedule.id] & by_user.keys()
        if not missing:
            continue
        of_missing: dict[ScheduleId, Sequence[Shift]] = {
            schedule.id: [shift for shift in shifts(schedule, ahead) if shift.user_id in missing]
        }
        for user_id in missing:
            for absence in by_user[user_id]:
                yield from uncovered(absence, of_missing)
