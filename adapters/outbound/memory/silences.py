from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.ending import EndingQuery, EndKey
from application.ports.page import Page
from application.ports.silences import SilenceRepository
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId


@dataclass(frozen=True, slots=True)
class MemorySilenceRepository(SilenceRepository):
    session: MemorySession

    async def get(self, silence_id: SilenceId) -> Silence:
        return await self.look_up(silence_id)

    async def look_up(self, silence_id: SilenceId) -> Silence:
        silence = self.session.database.silences.get(silence_id)
        if silence is None:
            raise NotFoundError("silence", silence_id)
        return silence

    async def save(self, silence: Silence) -> Silence:
        before = self.session.database.silences.get(silence.id)
        if silence.version != (0 if before is None else before.version):
            raise ConflictError("silence", silence.id)
        stored = replace(silence, version=silence.version + 1)
        self.session.database.silences[silence.id] = stored
        self.session.database.rulebook_revision += 1
        return stored

    async def count(self, *, at: datetime) -> int:
        return sum(each.ends_at > at for each in self._all())

    async def list(self, query: EndingQuery) -> Page[Silence]:
        found = [
            each
            for each in sorted(self._all(), key=_key)
            if each.ends_at > query.since
            and query.team_id in {None, each.team_id}
            and (query.after is None or _key(each) > query.after)
        ]
        return Page(tuple(found[: query.limit]), len(found) > query.limit)

    def _all(self) -> Iterable[Silence]:
        return self.session.database.silences.values()


def _key(silence: Silence) -> EndKey:
    return EndKey(silence.ends_at, silence.id)
