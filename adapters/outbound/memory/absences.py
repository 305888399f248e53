from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.absences import AbsenceKey, AbsenceQuery, AbsenceRepository
from application.ports.page import Page
from domain.oncall.absence import Absence
from domain.shared.ids import AbsenceId, UserId
from domain.shared.interval import Interval, told


@dataclass(frozen=True, slots=True)
class MemoryAbsenceRepository(AbsenceRepository):
    session: MemorySession

    async def get(self, absence_id: AbsenceId) -> Absence:
        absence = self.session.database.absences.get(absence_id)
        if absence is None:
            raise NotFoundError("absence", absence_id)
        return absence

    async def add(self, absence: Absence) -> None:
        for other in self._all():
            if other.user_id == absence.user_id and other.interval.overlaps(absence.interval):
                raise ConflictError("absence", absence.id, f"overlaps absence {other.id}, {told(other.interval)}")
        self.session.database.absences[absence.id] = absence

    async def remove(self, absence_id: AbsenceId) -> None:
        gone = await self.get(absence_id)
        del self.session.database.absences[gone.id]

    async def end(self, absence_id: AbsenceId, *, at: datetime) -> None:
        old = await self.get(absence_id)
        ended = replace(old, interval=Interval(start=old.interval.start, end=at))
        self.session.database.absences[absence_id] = ended

    async def list(self, query: AbsenceQuery) -> Page[Absence]:
        found = sorted((each for each in self._all() if self._passes(each, query)), key=_key)
        rest = [each for each in found if query.after is None or _key(each) > query.after]
        return Page(tuple(rest[: query.limit]), len(rest) > query.limit)

    async def of_users(self, user_ids: Collection[UserId], interval: Interval, *, limit: int) -> tuple[Absence, ...]:
        found = (each for each in self._all() if each.user_id in user_ids and each.interval.overlaps(interval))
        return tuple(sorted(found, key=_key)[:limit])

    def _all(self) -> Iterable[Absence]:
        return self.session.database.absences.values()

    def _passes(self, absence: Absence, query: AbsenceQuery) -> bool:
        if query.team_id is not None:
            team = self.session.database.teams.get(query.team_id)
            if team is None or absence.user_id not in team.member_ids:
                return False
        return absence.interval.end > query.since and query.user_id in {None, absence.user_id}


def _key(absence: Absence) -> AbsenceKey:
    return AbsenceKey(absence.interval.end, absence.id)
