import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from adapters.inbound.intake.targets import (
    BRIEFLY_SECONDS,
    MOST,
    REMEMBERED_SECONDS,
    SharedLookUps,
    Targets,
    briefly,
    hash_of,
)
from application.ports.errors import TransientPortError
from application.ports.intake import IntakeTarget
from domain.service.service import UrgencyRule
from tests.support.builders import LADDER, an_integration

A_BIT = 0.001


def a_target(key: str = "key", *, policy_version: int = 1) -> IntakeTarget:
    return IntakeTarget(
        integration=replace(an_integration(), key_hash=hash_of(key)),
        policy_id=LADDER,
        policy_version=policy_version,
        urgency_rule=UrgencyRule.BY_SEVERITY,
    )


class Storage:
    """What is stored under each key. It answers as of when it was asked, and when it may."""

    def __init__(self, **stored: IntakeTarget) -> None:
        self.stored = {hash_of(key): target for key, target in stored.items()}
        self.asked: list[Sequence[bytes]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_away = False

    def store(self, key: str, target: IntakeTarget) -> None:
        self.stored[hash_of(key)] = target

    async def look_up(self, key_hash: bytes) -> IntakeTarget | None:
        return (await self.look_up_many([key_hash])).get(key_hash)

    async def look_up_many(self, key_hashes: Sequence[bytes]) -> Mapping[bytes, IntakeTarget]:
        self.asked.append(key_hashes)
        is_away, found = self.is_away, {each: self.stored[each] for each in key_hashes if each in self.stored}
        await self.may_answer.wait()
        if is_away:
            raise TransientPortError("storage is away")
        return found


class Remembering:
    """Targets whose time passes only by hand."""

    def __init__(self, storage: Storage, remembered_seconds: Callable[[], float] = lambda: REMEMBERED_SECONDS) -> None:
        self.elapsed = 1_000.0
        self.storage = storage
        self.targets = Targets(storage.look_up, remembered_seconds, lambda: self.elapsed)

    @property
    def of(self) -> Callable[[str], Awaitable[IntakeTarget | None]]:
        return self.targets.of

    @property
    def look_ups(self) -> int:
        return len(self.storage.asked)


async def test_a_key_is_looked_up_once_while_it_is_remembered() -> None:
    remembering = Remembering(Storage(key=a_target()))
    assert await remembering.of("key") == a_target()
    remembering.elapsed += REMEMBERED_SECONDS - A_BIT
    assert await remembering.of("key") == a_target()
    assert remembering.look_ups == 1
    remembering.elapsed += A_BIT
    await remembering.of("key")
    assert remembering.look_ups == 2


async def test_without_hints_a_key_is_remembered_briefly() -> None:
    remembering = Remembering(Storage(key=a_target()), briefly)
    await remembering.of("key")
    remembering.elapsed += BRIEFLY_SECONDS - A_BIT
    await remembering.of("key")
    assert remembering.look_ups == 1
    remembering.elapsed += A_BIT
    await remembering.of("key")
    assert remembering.look_ups == 2


async def test_what_counts_is_whether_hints_came_when_it_was_asked() -> None:
    seconds = BRIEFLY_SECONDS
    remembering = Remembering(storage := Storage(key=a_target()), lambda: seconds)
    storage.may_answer.clear()
    asking = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    seconds = REMEMBERED_SECONDS  # hints come from now on; what was committed since the question gave none
    storage.may_answer.set()
    await asking
    remembering.elapsed += BRIEFLY_SECONDS
    await remembering.of("key")
    assert remembering.look_ups == 2


async def test_the_time_of_an_answer_begins_with_its_question() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    storage.may_answer.clear()
    asking = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    remembering.elapsed += BRIEFLY_SECONDS / 2  # so long the query takes
    storage.may_answer.set()
    await asking
    remembering.elapsed += REMEMBERED_SECONDS - BRIEFLY_SECONDS / 2
    await remembering.of("key")
    assert remembering.look_ups == 2


async def test_nobodys_key_is_asked_for_again_soon() -> None:
    remembering = Remembering(storage := Storage())
    assert await remembering.of("key") is None
    storage.store("key", a_target())
    remembering.elapsed += BRIEFLY_SECONDS - A_BIT
    assert await remembering.of("key") is None
    remembering.elapsed += A_BIT
    assert await remembering.of("key") == a_target()


async def test_a_rotated_key_is_asked_for_again_soon_for_its_overlap_ends_without_a_hint() -> None:
    remembering = Remembering(storage := Storage(old=a_target("new")))
    assert await remembering.of("old") == a_target("new")
    storage.stored.clear()
    remembering.elapsed += BRIEFLY_SECONDS
    assert await remembering.of("old") is None


async def test_what_is_forgotten_is_looked_up_anew() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    await remembering.of("key")
    storage.store("key", a_target(policy_version=2))
    assert await remembering.of("key") == a_target()
    remembering.targets.forget()
    assert await remembering.of("key") == a_target(policy_version=2)


async def test_an_answer_that_was_under_way_when_all_was_forgotten_is_not_remembered() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    storage.may_answer.clear()
    before = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    storage.store("key", a_target(policy_version=2))
    remembering.targets.forget()
    storage.may_answer.set()
    assert await before == a_target()
    assert await remembering.of("key") == a_target(policy_version=2)


async def test_who_asks_after_the_forgetting_does_not_wait_for_the_answer_from_before_it() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    storage.may_answer.clear()
    before = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    storage.store("key", a_target(policy_version=2))
    remembering.targets.forget()
    after = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    storage.may_answer.set()
    assert await before == a_target()
    assert await after == a_target(policy_version=2)
    assert await remembering.of("key") == a_target(policy_version=2)
    assert remembering.look_ups == 2


async def test_a_look_up_that_fails_does_not_forget_what_was_found_since() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    storage.may_answer.clear()
    storage.is_away = True
    failing = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    storage.is_away = False
    remembering.targets.forget()
    after = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    storage.may_answer.set()
    with pytest.raises(TransientPortError):
        await failing
    assert await after == a_target()
    assert await remembering.of("key") == a_target()
    assert remembering.look_ups == 2


async def test_all_who_ask_at_once_share_a_look_up_and_its_failure_which_is_not_remembered() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    storage.is_away = True
    storage.may_answer.clear()
    asking = [asyncio.create_task(remembering.targets.of("key")) for _ in range(3)]
    await asyncio.sleep(0)
    storage.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TransientPortError] * 3
    assert remembering.look_ups == 1
    storage.is_away = False
    assert await remembering.of("key") == a_target()


async def test_one_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    remembering = Remembering(storage := Storage(key=a_target()))
    storage.may_answer.clear()
    asking = asyncio.create_task(remembering.targets.of("key"))
    waiting = asyncio.create_task(remembering.targets.of("key"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    storage.may_answer.set()
    assert await asking == a_target()


async def test_guesses_push_out_what_was_asked_for_the_longest_ago() -> None:
    remembering = Remembering(Storage(key=a_target(), other=a_target("other")))
    await remembering.of("key")
    await remembering.of("other")
    for number in range(MOST - 1):
        await remembering.of(f"guess {number}")
    so_far = remembering.look_ups
    await remembering.of("other")
    assert remembering.look_ups == so_far
    await remembering.of("key")
    assert remembering.look_ups == so_far + 1


async def test_what_is_asked_during_a_query_is_asked_by_the_next_all_at_once() -> None:
    storage = Storage(one=a_target("one"), two=a_target("two"))
    shared = SharedLookUps(storage.look_up_many)
    storage.may_answer.clear()
    first = asyncio.create_task(shared(hash_of("one")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(shared(hash_of(key))) for key in ("two", "nobody's", "one", "two")]
    await asyncio.sleep(0)
    storage.store("one", a_target("one", policy_version=2))
    storage.may_answer.set()
    assert await first == a_target("one")
    # Also the key that the first query has asked for: its answer may be from before a change.
    changed = a_target("one", policy_version=2)
    assert [await each for each in later] == [a_target("two"), None, changed, a_target("two")]
    assert storage.asked == [[hash_of("one")], [hash_of("two"), hash_of("nobody's"), hash_of("one")]]


async def test_a_query_that_fails_fails_for_those_it_asked_for_and_for_nobody_later() -> None:
    storage = Storage(key=a_target())
    shared = SharedLookUps(storage.look_up_many)
    storage.is_away = True
    answers = await asyncio.gather(*(shared(hash_of(key)) for key in ("key", "other")), return_exceptions=True)
    assert [type(answer) for answer in answers] == [TransientPortError] * 2
    storage.is_away = False
    assert await shared(hash_of("key")) == a_target()
