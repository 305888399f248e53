from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.fall_backs import FallBackRepository
from domain.escalation.fall_back import FallBack
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class MemoryFallBackRepository(FallBackRepository):
    session: MemorySession

    async def get(self, team_id: TeamId | None) -> FallBack:
        try:
            return self.session.database.fall_backs[team_id]
        except KeyError:
            raise NotFoundError("fall-back", team_id or "of the installation") from None

    async def save(self, fall_back: FallBack) -> FallBack:
        stored = self.session.database.fall_backs
        before = stored.get(fall_back.team_id)
        if fall_back.version != (0 if before is None else before.version):
            raise ConflictError("fall-back", fall_back.team_id or "of the installation")
        stored[fall_back.team_id] = replace(fall_back, version=fall_back.version + 1)
        return stored[fall_back.team_id]

    async def effective(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, FallBack]:
        stored = self.session.database.fall_backs
        found = {team_id: stored.get(team_id, stored.get(None)) for team_id in team_ids}
        return {team_id: fall_back for team_id, fall_back in found.items() if fall_back is not None}
