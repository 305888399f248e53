from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from adapters.outbound.postgres.bodies import targets_body, targets_from
from adapters.outbound.postgres.session import PostgresSession, Row
from application.errors import ConflictError, NotFoundError
from application.ports.fall_backs import FallBackRepository
from domain.escalation.fall_back import FallBack
from domain.shared.ids import TeamId

_INSTALLATION: Final = UUID(int=0)  # in the place of a team's id in the key, which cannot be null
_GET = "SELECT * FROM fall_backs WHERE id = $1"
_INSERT = "INSERT INTO fall_backs (id, team_id, targets, version) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE fall_backs SET targets = $2, version = version + 1 WHERE id = $1 AND version = $3"
_EFFECTIVE = "SELECT * FROM fall_backs WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class PostgresFallBackRepository(FallBackRepository):
    session: PostgresSession

    async def get(self, team_id: TeamId | None) -> FallBack:
        rows = await self.session.fetch(_GET, team_id or _INSTALLATION)
        if not rows:
            raise NotFoundError("fall-back", team_id or "of the installation")
        return _fall_back_of(rows[0])

    async def save(self, fall_back: FallBack) -> FallBack:
        key, targets = fall_back.team_id or _INSTALLATION, targets_body(fall_back.targets)
        connection = self.session.connection
        if fall_back.version == 0:
            status = await connection.execute(_INSERT, key, fall_back.team_id, targets)
        else:
            status = await connection.execute(_UPDATE, key, targets, fall_back.version)
        if status.rpartition(" ")[2] == "0":
            raise ConflictError("fall-back", fall_back.team_id or "of the installation")
        return replace(fall_back, version=fall_back.version + 1)

    async def effective(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, FallBack]:
        rows = await self.session.fetch(_EFFECTIVE, [*team_ids, _INSTALLATION])
        found = {row["id"]: _fall_back_of(row) for row in rows}
        chosen = {team_id: found.get(team_id, found.get(_INSTALLATION)) for team_id in team_ids}
        return {team_id: fall_back for team_id, fall_back in chosen.items() if fall_back is not None}


def _fall_back_of(row: Row) -> FallBack:
    return FallBack(
        team_id=None if row["team_id"] is None else TeamId(row["team_id"]),
        targets=targets_from(row["targets"]),
        version=row["version"],
    )
