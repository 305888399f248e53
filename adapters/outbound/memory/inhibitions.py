from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of
from application.errors import NotFoundError
from application.ports.inhibitions import InhibitionRepository, InhibitionSources, Source
from application.ports.page import Page, PageRequest
from domain.alert.alert import AlertStatus
from domain.routing.inhibition import Inhibition, InhibitionKey
from domain.shared.ids import AlertId, InhibitionId, TeamId


@dataclass(frozen=True, slots=True)
class MemoryInhibitionRepository(InhibitionRepository):
    session: MemorySession

    async def look_up(self, inhibition_id: InhibitionId) -> Inhibition:
        found = self.session.database.inhibitions.get(inhibition_id)
        if found is None:
            raise NotFoundError("inhibition", inhibition_id)
        return found

    async def add(self, inhibition: Inhibition) -> Inhibition:
        stored = replace(inhibition, version=1)
        self.session.database.inhibitions[stored.id] = stored
        self.session.database.rulebook_revision += 1
        return stored

    async def remove(self, inhibition_id: InhibitionId) -> None:
        database = self.session.database
        gone = await self.look_up(inhibition_id)
        del database.inhibitions[gone.id]
        database.inhibition_sources = tuple(
            each for each in database.inhibition_sources if each.key.inhibition_id != gone.id
        )
        database.rulebook_revision += 1

    async def count(self) -> int:
        return len(self.session.database.inhibitions)

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Inhibition]:
        stored = self.session.database.inhibitions.values()
        return page_of(stored, page, is_wanted=lambda each: team_id in {None, each.team_id})


@dataclass(frozen=True, slots=True)
class MemoryInhibitionSources(InhibitionSources):
    session: MemorySession

    async def add(self, sources: Sequence[Source]) -> None:
        self.session.database.inhibition_sources += tuple(sources)

    async def active(self, keys: Collection[InhibitionKey]) -> Mapping[InhibitionKey, AlertId]:
        alerts = self.session.database.alerts
        return {
            each.key: each.alert_id
            for each in self.session.database.inhibition_sources
            if each.key in keys and each.alert_id in alerts and alerts[each.alert_id].status is AlertStatus.FIRING
        }

    async def take_cleared(self, alert_ids: Collection[AlertId]) -> frozenset[InhibitionKey]:
        database = self.session.database
        gone = frozenset(each.key for each in database.inhibition_sources if each.alert_id in alert_ids)
        database.inhibition_sources = tuple(
            each for each in database.inhibition_sources if each.alert_id not in alert_ids
        )
        return gone

    async def keys_of(self, inhibition_id: InhibitionId) -> frozenset[InhibitionKey]:
        sources = self.session.database.inhibition_sources
        return frozenset(each.key for each in sources if each.key.inhibition_id == inhibition_id)
