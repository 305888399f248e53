from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.ending import EndingQuery, EndKey
from application.ports.maintenance import MaintenanceRepository
from application.ports.page import Page
from domain.routing.maintenance import MaintenanceWindow
from domain.shared.ids import MaintenanceId


@dataclass(frozen=True, slots=True)
class MemoryMaintenanceRepository(MaintenanceRepository):
    session: MemorySession

    async def get(self, maintenance_id: MaintenanceId) -> MaintenanceWindow:
        return await self.look_up(maintenance_id)

    async def look_up(self, maintenance_id: MaintenanceId) -> MaintenanceWindow:
        window = self.session.database.maintenance.get(maintenance_id)
        if window is None:
            raise NotFoundError("maintenance", maintenance_id)
        return window

    async def save(self, window: MaintenanceWindow) -> MaintenanceWindow:
        before = self.session.database.maintenance.get(window.id)
        if window.version != (0 if before is None else before.version):
            raise ConflictError("maintenance", window.id)
        stored = replace(window, version=window.version + 1)
        self.session.database.maintenance[window.id] = stored
        self.session.database.rulebook_revision += 1
        return stored

    async def count(self, *, at: datetime) -> int:
        return sum(each.over_at > at for each in self._all())

    async def list(self, query: EndingQuery) -> Page[MaintenanceWindow]:
        found = [
            each
            for each in sorted(self._all(), key=_key)
            if each.over_at > query.since
            and query.team_id in {None, each.team_id}
            and (query.after is None or _key(each) > query.after)
        ]
        return Page(tuple(found[: query.limit]), len(found) > query.limit)

    def _all(self) -> Iterable[MaintenanceWindow]:
        return self.session.database.maintenance.values()


def _key(window: MaintenanceWindow) -> EndKey:
    return EndKey(window.over_at, window.id)
