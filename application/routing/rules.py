"""The rules as a process has them in its memory, where each event asks them without a question to the storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.ports.clock import Clock
from application.ports.patterns import Patterns
from application.ports.routings import RulebookSource
from domain.routing.decision import CompiledRouting
from domain.routing.dependency import Dependencies
from domain.routing.inhibition import Inhibiting
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.rulebook import Quieting, Rulebook
from domain.routing.silence import Silence

# So old may the rules be that an event is judged by; a hint with each change makes it milliseconds.
TRUSTED_FOR: Final = timedelta(seconds=1)


@dataclass(slots=True)
class RulebookCache:
    """The rulebook of one process, and when it was last known to be the newest."""

    book: Rulebook = field(default_factory=Rulebook)
    compiled: Mapping[UUID, CompiledRouting] = field(default_factory=dict)
    revision: int | None = None
    checked_at: datetime | None = None
    generation: int = 0

    def forget(self) -> None:
        """Whoever asks from now on is told what is stored now, also when the same is being looked up already."""
        self.generation += 1
        self.checked_at = None

    def is_trusted(self, at: datetime) -> bool:
        return self.checked_at is not None and self.checked_at <= at < self.checked_at + TRUSTED_FOR


@dataclass(frozen=True, slots=True)
class CurrentRules:
    """The rulebook of now: at most once a second one cheap question whether it has changed, and then what has."""

    source: RulebookSource
    patterns: Patterns
    cache: RulebookCache
    clock: Clock

    async def __call__(self) -> Rulebook:
        """Raises `TransientPortError` when storage is away and nothing is known."""
        cache, at = self.cache, self.clock.now()
        if cache.is_trusted(at):
            return cache.book
        generation, known = cache.generation, cache.revision
        revision = await self.source.revision()
        if revision == known:
            book = cache.book
        else:
            compiled = await self._compiled(cache.compiled)
            quiet: list[Silence | MaintenanceWindow] = [*await self.source.silences(at=at)]
            quiet += await self.source.maintenance(at=at)
            inhibiting = Inhibiting(await self.source.inhibitions(), self.patterns.compile)
            dependencies = Dependencies(await self.source.dependencies())
            book = Rulebook(compiled.values(), Quieting(quiet, self.patterns.compile), inhibiting, dependencies)
            if cache.revision != known:
                return book  # somebody else looked meanwhile, and may know more
            cache.book, cache.compiled, cache.revision = book, compiled, revision
        if cache.generation == generation:
            cache.checked_at = at
        return book

    async def fresh(self) -> Rulebook:
        """The rules as they are stored now, whenever somebody last looked. Raises `TransientPortError`."""
        self.cache.forget()
        return await self()

    async def _compiled(self, known: Mapping[UUID, CompiledRouting]) -> Mapping[UUID, CompiledRouting]:
        """What is known already, and what was saved since, compiled."""
        newest = await self.source.routing_versions()
        kept = {owner_id: compiled for owner_id, compiled in known.items() if newest.get(owner_id) == compiled.version}
        changed = newest.keys() - kept.keys()
        made = await self.source.routings(changed) if changed else ()
        return {**kept, **{each.owner_id: CompiledRouting(each, self.patterns.compile) for each in made}}
