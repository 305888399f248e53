from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.ports.on_call_reader import OnCallReader
from application.ports.schedules import ScheduleRepository
from domain.oncall.absence import Absence, Uncovered, load_window, uncovered
from domain.oncall.coverage import shifts
from domain.oncall.feed import SCHEDULES_OF_A_PERSON
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval


class Found(NamedTuple):
    """What nobody covers yet, and the schedules that it is on."""

    uncovered: tuple[Uncovered, ...]
    schedules: Mapping[ScheduleId, Schedule]


@dataclass(frozen=True, slots=True)
class FindUncovered:
    """When somebody who is away is on call all the same, on any schedule, from now on."""

    reader: OnCallReader
    schedules: ScheduleRepository

    async def __call__(self, absence: Absence, *, at: datetime) -> Found:
        """Two reads, for the first `SCHEDULES_OF_A_PERSON` schedules that name them. Needs no transaction."""
        if absence.interval.end <= at:
            return Found((), {})
        ahead = Interval(start=max(absence.interval.start, at), end=absence.interval.end)
        ids = await self.reader.schedules_of(absence.user_id, since=ahead.start, limit=SCHEDULES_OF_A_PERSON)
        # Overrides that are over count as load of whoever stood in.
        found = await self.schedules.look_up_many(ids, since=load_window(ahead).start)
        by_schedule = {schedule.id: shifts(schedule, ahead) for schedule in found}
        return Found(uncovered(absence, by_schedule), {schedule.id: schedule for schedule in found})
