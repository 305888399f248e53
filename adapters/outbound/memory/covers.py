from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
from application.errors import ConflictError, NotFoundError
from application.ports.covers import CoverKey, CoverQuery, CoverRepository
from application.ports.page import Page
from domain.oncall.cover import CoverRequest
from domain.shared.change import Change
from domain.shared.ids import AbsenceId, CoverRequestId, OverrideId


@dataclass(frozen=True, slots=True)
class MemoryCoverRepository(CoverRepository):
    session: MemorySession

    async def get(self, request_id: CoverRequestId) -> CoverRequest:
        request = self.session.database.cover_requests.get(request_id)
        if request is None:
            raise NotFoundError("cover request", request_id)
        return request

    async def save(self, change: Change[CoverRequest]) -> CoverRequest:
        if not change.events:
            return change.state
        requests = self.session.database.cover_requests
        before = requests.get(change.state.id)
        if change.state.version != (0 if before is None else before.version):
            raise ConflictError("cover request", change.state.id)
        stored = replace(change.state, version=change.state.version + 1)
        requests[stored.id] = stored
        append_events(self.session, change.events)
        return stored

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[CoverRequest, ...]:
        due = [
            (each.next_deadline, each.id, each)
            for each in self._all()
            if each.next_deadline is not None and each.next_deadline <= at
        ]
        return tuple(request for _, _, request in sorted(due, key=lambda each: each[:2])[:limit])

    async def expire(self, changes: Sequence[Change[CoverRequest]]) -> None:
        for change in changes:
            await self.save(change)

    async def earliest_deadline(self) -> datetime | None:
        deadlines = (request.next_deadline for request in self._all())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    async def list(self, query: CoverQuery) -> Page[CoverRequest]:
        found = sorted((each for each in self._all() if _passes(each, query)), key=_key, reverse=True)
        rest = [each for each in found if query.after is None or _key(each) < query.after]
        return Page(tuple(rest[: query.limit]), len(rest) > query.limit)

    async def of_overrides(self, override_ids: Collection[OverrideId]) -> Mapping[OverrideId, CoverRequest]:
        return {each: request for request in self._all() for each in request.override_ids if each in override_ids}

    async def open_of_absence(self, absence_id: AbsenceId) -> tuple[CoverRequest, ...]:
        found = (each for each in self._all() if each.absence_id == absence_id and each.is_open)
        return tuple(sorted(found, key=lambda each: each.id))

    def _all(self) -> Iterable[CoverRequest]:
        return self.session.database.cover_requests.values()


def _key(request: CoverRequest) -> CoverKey:
    return CoverKey(request.is_open, request.id)


def _passes(request: CoverRequest, query: CoverQuery) -> bool:
    return (
        (query.user_id is None or query.user_id in {request.user_id, *request.asked_of})
        and query.schedule_id in {None, request.schedule_id}
        and query.team_id in {None, request.team_id}
    )
