"""The rules in the memory of a process: how old they may be, and who is asked."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.routings import MemoryRoutingRepository, MemoryRulebookSource
from adapters.outbound.system.clock import ManualClock
from application.routing.rules import TRUSTED_FOR, CurrentRules, RulebookCache
from domain.routing.route import Routing, Rule
from tests.support.builders import CREW, NOON, SHOP_PROBES
from tests.support.routing import PATTERNS, a_routing, a_rule

A_BIT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Counted(MemoryRulebookSource):
    """Writes down what is asked. What is in `meanwhile` happens once, while routings are read."""

    asked: list[str] = field(default_factory=list)
    meanwhile: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def revision(self) -> int:
        self.asked.append("revision")
        return await MemoryRulebookSource.revision(self)

    async def routing_versions(self) -> Mapping[UUID, int]:
        found = await MemoryRulebookSource.routing_versions(self)
        while self.meanwhile:
            await self.meanwhile.pop()()
        return found

    async def routings(self, owner_ids: Collection[UUID]) -> Sequence[Routing]:
        self.asked.append(f"{len(owner_ids)} routings")
        return await MemoryRulebookSource.routings(self, owner_ids)


class Process:
    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.session = MemorySession(MemoryDatabase())
        self.source = Counted(self.session)
        self.cache = RulebookCache()
        self.rules = CurrentRules(self.source, PATTERNS, self.cache, self.clock)

    async def save(self, *rules: Rule, version: int = 0, integration: bool = False) -> None:
        routing = a_routing(*rules, version=version, integration_id=SHOP_PROBES if integration else None)
        async with self.session:
            await MemoryRoutingRepository(self.session).save(routing, at=NOON, by=None)

    async def names(self) -> list[str]:
        """Of the rules that hold for an event."""
        book = await self.rules()
        decision = book.decide({}, integration_id=SHOP_PROBES, team_id=CREW, at=NOON)
        return [step.rule for step in decision.steps]


async def test_while_rules_are_trusted_nobody_is_asked_and_then_for_the_revision_alone() -> None:
    process = Process()
    await process.save(a_rule("one"))
    assert await process.names() == ["one"]
    process.source.asked.clear()

    process.clock.move_to(NOON + TRUSTED_FOR - A_BIT)
    assert (await process.names(), process.source.asked) == (["one"], [])
    process.clock.move_to(NOON + TRUSTED_FOR)
    assert (await process.names(), process.source.asked) == (["one"], ["revision"])


async def test_rules_that_were_saved_elsewhere_hold_when_the_old_ones_are_trusted_no_more_or_a_hint_comes() -> None:
    process = Process()
    assert await process.names() == []
    await process.save(a_rule("one"))
    assert await process.names() == []
    process.clock.move_to(NOON + TRUSTED_FOR)
    assert await process.names() == ["one"]

    await process.save(a_rule("two"), version=1)
    process.cache.forget()
    assert await process.names() == ["two"]


async def test_only_what_has_changed_is_read_and_compiled() -> None:
    process = Process()
    await process.save(a_rule("one"))
    await process.names()
    process.source.asked.clear()
    await process.save(a_rule("own", goes_on=True), integration=True)
    process.cache.forget()

    assert await process.names() == ["own", "one"]
    assert process.source.asked == ["revision", "1 routings"]


async def test_a_hint_that_comes_while_rules_are_read_has_them_read_again() -> None:
    process = Process()
    await process.save(a_rule("one"))

    async def saved_elsewhere() -> None:
        await process.save(a_rule("two"), version=1)
        process.cache.forget()

    process.source.meanwhile.append(saved_elsewhere)
    await process.names()
    assert await process.names() == ["two"]
